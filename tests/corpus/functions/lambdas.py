# Lambdas: defaults, nesting, names, in classes and comprehensions.
f = lambda x, y=1: lambda z: x + y + z
g = [lambda: i for i in a]


class C:
    h = lambda self: __class__
    i = lambda: (yield)


lambda *, a, b=2, **c: (
    a,
    b)
