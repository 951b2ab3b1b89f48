# Type parameters of classes: bounds, constraints, defaults' absence, bases and keywords.


class A[T]: ...
class B[T: int, U: (int, str), *Ts, **P](A[T], metaclass=M): ...


class C[T](T, *[T], k=T):
    x: T
    y = T
    __z = T

    def f[U](self: T, u: U) -> T:
        return T, U, __class__

    class D[V](C[T]):
        w: T | V
        type X = V
