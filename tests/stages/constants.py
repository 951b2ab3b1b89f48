def f(x):
    """Documented."""
    sizes = (1, 2.0, -3, "four", b"5", ..., None, True, 1 + 2j)
    for size in [1, 2, 3]:
        x.append(size)
    if x in {1, 1.0, "one"}:
        return [10, 20, 300], {4, 5, 6}, (7, (8, 9))
    return 2 ** 10 * 3 // 7 % 100, "ab" * 3 + "c", (1, 2, 3)[-1], "text"[1:3], not 0, ~5, 1 << 200, 7 / 2


def g():
    return 1_000_000
