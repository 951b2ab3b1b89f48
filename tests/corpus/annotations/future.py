# PEP 563: annotations become strings, unparsed from the tree.
from __future__ import annotations

x: int | None = None
y: dict[str, list[int, ...]]
z: lambda a, *b, c=1, **d: (a, *b)
w: f"{a!r:>{b}}" "c"
v: (yield_, -1j, 1e100, "q'\"", b"x", not a, a if b else c, [*d], {**e}, {f for f in g}, h[1:2, ::3])


def f(a: x.y[z](1, *b, k=2, **c) = 1, *args: *Ts) -> (a := 1) and b or c: ...


class C:
    x: await_ ** -2 < 3 <= (4 < 5) is not None
