"""The module's."""


def alone():
    """A docstring and nothing else."""


def followed():
    """A docstring,
    and more."""
    return 1


async def asynchronous():
    """In a coroutine."""
    await x


class Alone:
    """In a class."""


class Followed:
    """In a class,
       and more."""
    attribute = 1

    def method(self):
        "Not even triple."


def not_one():
    f"formatted"


def bytes_are_none():
    b"bytes"


def concatenated():
    "one" "and another"
    "a statement"
