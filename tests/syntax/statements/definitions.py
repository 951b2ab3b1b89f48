@a.b(c)
@(d := e)
class C(A, *b, metaclass=M, **k):
    """Text."""
    x: int = 1
    (y): int
    z.a: int
    z[0]: int = yield
def f(a, b: int = 1, /, c=2, *args: *Ts, d, e=3, **kwargs) -> int: return a
def g(*, a): pass
def h(a, /): pass
lambda: 0
lambda a, /, b=1, *c, d, e=2, **f: (yield)
lambda *, a: a
lambda *a, **k: lambda: a
@a
async def f(): pass
