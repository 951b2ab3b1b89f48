# Several targets take one value; a starred one takes the rest.
a = b = c = d
a, b = b, a
a, b, c = c, a, b
(a, b), [c, d] = e
a, *b = c
*a, = b
a, *b, c = d
[a, [*b, c]] = d
a.x, b[0], c[1:2] = d
a, b = 1, 2
a, b, c, d = d, c, b, a
