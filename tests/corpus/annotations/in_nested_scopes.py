# Annotations see the scopes around them; those of a class see its names.


def f(T):
    class C:
        U = T
        x: T
        y: U

        def m(self: U) -> T: ...

    def g(a: T): ...

    return C, g
