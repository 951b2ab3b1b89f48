# Annotations of simple and other targets, with and without values.
x: int
y: "str" = 1
(z): int = 2
a.b: c
a[d]: e = 3


class C:
    x: int
    y: list[x] = []
    __private: y


if a:
    late: int = 1
