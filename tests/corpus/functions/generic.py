# Type parameters of functions: scopes, defaults, annotations.


def f[T](a: T, b: int = 1, *, c: T = 2) -> T:
    return T


def g[T: (int, str), *Ts, **P](*args: *Ts, **kw: P.kwargs): ...


class C:
    x = 1

    def m[T: x](self, a: T = x) -> list[T]:
        def inner[U: T](u: U): return T, U
        return inner


@dec
async def h[T](): yield T
