# Decorators of classes and functions, and their places.


@a
@b.c(1)
@(d := e)
class C:
    @property
    def f(self): ...

    @f.setter
    @x[0]
    def f(self, v): ...


@a
async def g(): ...


@lambda f: f
def h(a=1, *, b=2): ...
