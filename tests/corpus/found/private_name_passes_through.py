# A class named `_` mangles nothing: what it takes from outside passes through scopes that mangle the same name.
def outer(__name, other):
    class Holder:
        class _:
            value = __name
        __name['a'] ^= other

        def method(self):
            class _:
                value = __name
            return __name

    class __name:
        class _[U]:
            value = {z ^ __name for z in value}
        __name ^= other
        type Alias = __name
