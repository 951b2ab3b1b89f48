# global and nonlocal in their places.
global m
m = 1


def f():
    global a, b
    a = b

    def g():
        nonlocal c
        c += a

        def h():
            global c
            c = 1
        return h
    c = 1


class C:
    global d
    d = 1

    def e(): return d
