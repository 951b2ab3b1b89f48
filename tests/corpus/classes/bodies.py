# Class bodies: docstrings, qualified names, static attributes, nested classes.


class A:
    """Doc
    more
    """

    x = 1
    __y = x

    class B(A):
        z = __y

        def f(self):
            self.attr = self.__hidden = 1
            self.other, self.x[0], *self.rest = 2
            self.attr += 1
            del self.gone

            class C:
                def g(self):
                    self.inner = 1

    def __init__(this, self):
        this.a = self.b = 1


class D(A, metaclass=M, *b, key=1, **c): pass
class E(): "doc"
