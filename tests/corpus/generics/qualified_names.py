# What is defined inside type parameters, their bounds and defaults, and type aliases, is called by where it stands.
type A = lambda: 1
type B[T] = [x for x in (lambda: 1)]


def function[T: (lambda: 1)]():
    type A = lambda: (lambda: 1)
    type B[T: (lambda: (lambda: 1))] = lambda: 1


class Class[T: (lambda: 1)](lambda: 1):
    type A = lambda: (lambda: 1)
    type B[T: (lambda: (lambda: 1))] = lambda: 1


def stars[*T, **P](x: (lambda: 1) = lambda: 1, *, y: (lambda: 1) = lambda: 2) -> (lambda: 1):
    def inner(): pass
    class Inner: pass


def positional[T](x=1): pass
def both[T](x=1, *, y=T): pass
def keyword[T](*, y=T): pass


class Private:
    def method[T](*, y: T = lambda: T):
        def inner(): T

    class Generic[T]:
        def method(self, __b): return __b, T
        def generic[__T](self, __b): return __b, T

    type __A = __B
    type __A[__T: __C] = __B
