# Locals that may be unbound, deleted, or too many for short opargs.


def f(a):
    if a:
        b = 1
    print(b)
    del a
    print(a)
    for c in b:
        d = c
    print(c, d)
    try:
        e = 1
    except X as e:
        pass
    return e


def g():
    x = y = 1
    return x, y, x
