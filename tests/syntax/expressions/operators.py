a or b and not c
(a) + (b) * c ** -d ** e
-a ** b
~-+a
a < b <= c != d is not e not in f in g is h == i > j >= k
a if b else c if d else e
a | b ^ c & d << e >> f + g - h * i / j // k % l @ m
not not a
await_ = 1
(a)(b)(c)
