# Every target that can be deleted.
del a, b.c, d[0], e[1:2], (f, [g, h])
del ()


def inner():
    x = 1
    del x

    def cell():
        nonlocal y
        del y
        return y

    y = 2
    global z
    del z
