a = b = c = d
a, b = c, = d
*a, b = c
[a, *b] = (c, d) = e
(a) = 1
(a.b) = (c[d]) = 1
a += yield
a.b @= c
a[b] **= c
a //= b; a >>= c; a <<= d; a &= e; a |= f; a ^= g; a %= h
del a, (b, [c, d]), e.f, g[h],
del ()
return_ = raise_ = 1
assert a, b
global_ = nonlocal_ = 2
raise A from b
raise
import a.b . c as d, e
from . import a
from ...a.b import (c as d, e,)
from .... import *
from a import b; from c import d
def f():
    global a, b
    nonlocal c
    return *a, b
    yield
