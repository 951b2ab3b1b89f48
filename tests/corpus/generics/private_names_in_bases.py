class Plain[T: __Bound, __Own](
    base([__Name for _ in (1,)]),
    base(__Own, [lambda: __Own for __Name in __Name]),
    key={__Own: (yield_ for __Own in __Name)},
):
    def method[__Inner: __Own](self, value: __Inner) -> __Name:
        return __Own


def function[__T](value: __T = __T):
    return __T
