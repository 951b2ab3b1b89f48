# One-element lists and other iterables that comprehensions treat on their own.


def f(a):
    [b for b in [a]]
    [b for b in (a,)]
    [(b, c) for b in a for c in [b + 1]]
    {b: c for b in a for c in (b,) if c}
    [b for b in [*a]]
    [b for b in (1, 2, 3)]
    [b for b in {1, 2, 3}]
    [b for b, in a]
    [b for b[0] in a]
    [b for b.c in a]
    [b for *b, c in a]
    (b for b in a)
    return any(b for b in a), all(b for b in a), tuple(b for b in a), list(b for b in a)
