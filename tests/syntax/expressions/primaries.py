a.b.c(d)[e].f
f(a, *b, c=d, **e, g=h)
f(a for a in b)
f(a := 1, *b or c)
f(*a, b, *c)
f(a=1, *b, **c)
a[1:2, ::3, *b, c:d:e]
a[:]
a[b:=1]
a[*b]
a[1,]
f((a for b in c), d)
(yield)
(a, *b)
(a,)
()
[]
[a, *b,]
{}
{a: b, **c, d: e,}
{a, *b}
{(a := b): c}
[a for b in c for d, e in f if g if h]
{a for b in c}
{a: b for c in d}
(a async for b in c)
...
