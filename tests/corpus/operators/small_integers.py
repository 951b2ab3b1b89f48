# Integers around the bounds of the small ones, as operands and results.
a = 255 + 0, 255 + 1, -1 + 1, -5 - 1, 128 * 2
b = x + 1, x + 255, x + 256, x + -1
x[0], x[-1], x[256]
x == 0, x is 1


def f(n):
    return n * 2 + 1 if n % 2 == 0 else -1
