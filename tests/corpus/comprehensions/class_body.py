# A class body's inlined comprehension: which names are set aside, and in which order.
class Plain:
    own = 1
    pairs = [(j, i, k, q, other) for i, k in range(12) for j in own if [q for q in other] for other in p]
    table = {(j, i): value for i, k in range(12) for j in own}
    nested = [i for i in [q for q in own]]
    cells = [lambda: (i, late) for i in own]
    klass = [__class__ for i in own]


def function():
    free = 1

    class Inner:
        global explicit
        own = 1
        values = [(i, free, explicit, own, builtin) for i, k in range(12) for j in free]
        cells = [lambda: (i, free) for i in own]

    return Inner
