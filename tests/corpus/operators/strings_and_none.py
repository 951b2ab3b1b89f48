# Comparison with None and constants; truth of everything.


def f(a):
    if a is None: return 0
    if a is not None: return 1
    if None is a: return 2
    if not a is None: return 3
    if a == None: return 4
    if (a is None) is None: return 5
    while a is not None and a is None: a()
    return a is None or a is not None, not (a is None)
