"""Swaps of locals that are written twice need no second store."""


def f(a, b, c):
    a, a = b, c
    a, b, a = c, a, b
    _, _ = a, b
    (a, b), c = c, a
    return a, b, c
