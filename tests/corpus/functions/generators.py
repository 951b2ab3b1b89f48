# yield and yield from as statements and values; return from generators.


def f(a):
    x = yield
    y = yield a, x
    z = yield from a
    yield
    yield from (yield)
    return (yield y), z


def g():
    return
    yield


lambda: (yield)
lambda: (yield from a)
