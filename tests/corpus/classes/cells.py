# __class__, __classdict__ and names of the class in its scopes.


def outer(x):
    class A:
        nonlocal y
        y = x
        x = x

        def f(self):
            return __class__, x, y

        def g():
            nonlocal __class__
            __class__ = 1

        z = lambda: __class__
        w = [x for _ in y]

    y = 1
    return A
