# Inlined comprehensions: names of both scopes, cells, and what isolates them.


def f(x, y):
    a = [x for x in y]
    b = {k: v for k, v in x.items()}
    c = [lambda: z for z in y]
    d = [[x for x in z] for z in y if z]
    e = {w for w in a for w in w}
    return [y for y in [y for y in y]], x, lambda: x


class C:
    a = [1]
    b = [a for _ in a]
    c = [lambda: i for i in a]
    d = [__class__ for _ in a]


def g():
    global q
    return [q for q in r], q
