def f(a, b, c):
    if not (a and b or c) and a is not None:
        return a if b else c
    while a and (b or c):
        a = b and c and a
    return a < b < c, not a in b, None is c


def g(a):
    if 1:
        a()
    while 0:
        a()
    if a is None:
        return ""
    return () if () else "no"
