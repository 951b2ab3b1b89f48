from __future__ import annotations

top: int = 1
if top:
    conditional: str


class Plain:
    field: list[int]
    __private: Plain = None
    obj.attribute: int = 2
    obj[0]: int

    def method(self, value: __private) -> Plain:
        class Local:
            inner: method

        def nested(argument: Local) -> value:
            pass

        return nested


class Generic[T: int]:
    item: T

    def of[U](self, other: U | T) -> Generic[U]:
        return lambda: other


async def coroutine(a: await_) -> None:
    b: a
