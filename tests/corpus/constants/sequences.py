# Displays of constants: tuples, lists, sets, dictionaries, and where they are iterated.
a = (), (1,), (1, (2, (3,)))
b = [1, 2], [1, 2, 3], [1, 2, 3, "a"], [a, 1, 2, 3]
c = {1, 2}, {1, 2, 3}, {1, 2, 3, a}
d = {}, {1: 2}, {1: 2, 3: 4}, {"a": 1, "b": 2, "c": a}, {**a}, {1: 2, **a, 3: 4}
e = [*a], [*a, *b], (*a,), (1, *a), {*a}, [1, 2, 3, *a], (1, 2, 3, *a, 4)
for x in [1, 2, 3]:
    pass
for x in {1, 2, 3}:
    pass
for x in (a, b):
    pass
f = [(1, 2), [1, 2]], ([1, 2],), {(1, 2): (3,)}
