# Chains of comparisons, membership in constants, identity.


def f(a, b, c):
    if a < b < c:
        return a <= b > c != a
    if a in (1, 2) or b not in [1, 2] or c in {1, "x"}:
        return a is None, b is not None, None is c
    if a is None or not b is not None:
        return a == b == c == 1
    while a in {b, 1}:
        pass
    return not a in b, not a is b, not (a < b < c)
