# PEP 696: defaults of type parameters.
type A[T = int, *Ts = *tuple[int], **P = [str]] = T


def f[T: int = bool](a: T): ...


class C[T = str, U = T](B[U]): ...
