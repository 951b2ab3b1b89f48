# try around yields.


def f(a):
    try: yield a
    except E: yield
    finally: yield 1
    with a: yield b
    for x in a:
        try: yield x
        finally: continue
