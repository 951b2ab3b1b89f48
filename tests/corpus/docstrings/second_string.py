"""The docstring
of the module."""
"""Another string."""


def function():
    "doc"
    "second"


def only():
    """doc
    of two lines"""


class Class:
    "doc"
    f"second {string}"
    x: int = 1


class Bare:
    """Only
    this."""


async def generator():
    "doc"
    b"bytes"
    yield
