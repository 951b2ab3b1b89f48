# except*, with names, nested, in loops.


def f(a):
    try: a()
    except* E: b
    except* (F, G) as e: e
    else: c
    finally: d
    for x in a:
        try: a()
        except* E as e:
            for y in e: break
            raise
