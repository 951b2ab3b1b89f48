# except, else and finally in their combinations.


def f(a):
    try: a()
    except: b
    try: a()
    except E: b
    except (F, G) as e: e
    else: c
    finally: d
    try: a()
    finally: b
    try:
        try: a()
        except E as e: raise
        else: b
    except F: c
    try: pass
    except E: pass
    finally: pass
