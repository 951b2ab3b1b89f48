# return of constants, locals, expressions, from nested blocks.


def a(): return
def b(): return None
def c(x): return x
def d(x): return 1, 2
def e(x):
    if x: return 1
    else: return 2


def f(x):
    try: return x
    finally: x = 1


def g(x):
    with x: return x
    return 1


def h(x):
    for y in x: return y
