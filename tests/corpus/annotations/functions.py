# Annotations of every kind of parameter, and of the result.


def f(a: int, /, b: str = "", *args: tuple, c: a.b, d=1, **kwargs: dict) -> None:
    local: not_evaluated = 1
    other: neither


def star(*args: *Ts): ...


async def g(x: (yield_ := 1)) -> "g": ...
