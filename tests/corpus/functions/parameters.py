# Every kind of parameter with defaults.


def f(a, b=1, /, c=2, *d, e, f=3, **g):
    return a, b, c, d, e, f, g


def g(*, a): ...
def h(a=(1, 2), b=[], *, c=(3,), d=x): ...
lambda: 0
lambda a, /, b=1, *c, d=2, **e: (a, b, c, d, e)
