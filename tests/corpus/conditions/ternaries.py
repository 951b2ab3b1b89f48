# Conditional expressions, nested, as statements and in jumps.


def f(a, b, c):
    a if b else c
    if (a if b else c) and (b if c else 1):
        x = a if b else b if c else c
    return a if not b else (b if a else c) if c else None
