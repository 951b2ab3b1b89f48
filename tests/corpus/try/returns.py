# Returns, with values and without, from every part.


def f(a):
    try: return a()
    except E as e: return e
    else: return 1
    finally: a


def g(a):
    try: a()
    except E: return 1
    finally: return 2


def h(a):
    try:
        try: return a
        finally: a()
    finally:
        a.b


async def i(a):
    try: return await a
    finally: await a
