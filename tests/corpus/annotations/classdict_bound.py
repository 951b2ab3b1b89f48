class Annotated:
    __classdict__: int


class Assigned:
    __classdict__ = 1
    type Alias = __classdict__

    def method[T](self: T):
        return __classdict__


class Conditional:
    __conditional_annotations__: int
    if __conditional_annotations__:
        other: __conditional_annotations__
