# type statements, generic and recursive.
type A = int
type B[T] = list[T] | B[T]
type C[T: int, *Ts, **P] = tuple[T, *Ts]


class K:
    X = 1
    type L = X
    type M[T] = X | T


def f(x):
    type N = x
    type __O[T: x] = lambda: (x, T)
    return N
