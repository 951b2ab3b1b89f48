# A class that binds __classdict__ itself has no cell of that name, unless annotations or a method ask for it.
class Alias:
    __classdict__ = 1
    type Number = 1


class Later:
    __classdict__ = 1
    type Number = lambda: __classdict__


class Generic:
    __classdict__ = 1

    def method[T: 1](self):
        pass


class Comprehension:
    __classdict__ = 1
    [[1 for x in __classdict__] for y in ()]
    type Number = 1


class Annotated:
    __classdict__: int
    value: int


class Conditional:
    __classdict__ = 1
    if value:
        value: lambda: 1


class Declared:
    global __classdict__
    value: 1


class Method:
    __classdict__ = 1

    def method(self):
        pass
