# Every operator, on names and on attributes over lines.
a + b - c * d / e // f % g @ h ** i
a << b >> c & d | e ^ f
-a, +b, ~c, not d
a < b, a > b, a <= b, a >= b, a == b, a != b, a in b, a not in b, a is b, a is not b
-a ** -b
(a
 + b
 * c)
a if b else c
await_ + (lambda: a)()
a.b.c + d[e][f]
