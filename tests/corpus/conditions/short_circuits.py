# and, or, not in jumps, values and their mixtures.


def f(a, b, c, d):
    if a and b or c and not d:
        return 1
    if not (a or b) and (c or d):
        return 2
    if a if b else c:
        return 3
    x = a and b and c or d
    y = not a and not (b or c)
    while not (a and b):
        a = b or (c and d)
    return (a or b) and (c or d), x, y
