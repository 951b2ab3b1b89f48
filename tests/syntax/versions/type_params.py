type A = int
type B[T, *Ts, **P] = C[T]
def f[T: int, U: (str, bytes)](a: T) -> U: pass
class D[T](E): pass
type type = type
