# Cells and free variables: parameters, nested functions, order, deletion.


def f(a, b, *c, d):
    def g():
        nonlocal a
        a = b

        def h(c=c):
            return a, d, e
        return h
    e = 1

    def i():
        return e, c
    return g, i, lambda: (b, lambda: a)


def unbound():
    def g():
        return x
    if g:
        x = 1
    del x
    return x
