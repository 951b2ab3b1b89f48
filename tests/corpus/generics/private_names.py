# Which names are private to a class in its type parameters and bases: those of the parameters alone.
class Foo[T: Undefined, U: (__p,)]:
    pass
class Foo[T: (__a, T), U: (__p,) = [__U, T], __V=__V, *__W = *(__V, __W), **__P = [__P, __U]](__B[__V], a=lambda: (__x, __V)):
    def f[__Z: (__x, __Z, __V)](self): type __X[__Y: (__X, __Y, __zz) = __V] = (__X, __Y, __Z, __T, __a)
def f():
    class __C[__T: (__x, [__T for __q in __z], lambda __w: (__w, __T, __g))]: pass
class Early[T: (__U, __V), __U]: pass
class Early[T: __U, __U](__U): 
    x = __U
class Late[*__T = *__U, **__P = __V](__T): pass
def generic[__T: (__T, __U)](__x: __T): pass
class Outer:
    class Inner[__T: (__T, __U)](__T, __U): __T, __U
    def generic[__T: (__T, __U)](__x: __T): __T, __U, __x
    type __Alias[__T: (__T, __U)] = (__T, __U, __Alias)
