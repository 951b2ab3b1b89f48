# What super() compiles to, and what only looks like it.


class A(B):
    def f(self, x):
        super().f(x)
        super().attr
        super(A, self).f(x=1)
        super().f(*x)
        super().attr = 1
        super(A, self, x).f()
        super(*x).f()
        return super

    def g():
        super().g()

    def h(self):
        def inner(z):
            return super().h(z)
        super = 1
        return super().x

    @property
    def p(this, /, *a):
        return super().p, super(A).p


super().f()
