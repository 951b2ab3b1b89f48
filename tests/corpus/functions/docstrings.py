"""Docstrings: indentation, escapes, those that are none."""


def a():
    """One line."""


def b():
    """First

        more
      less	tab
    """
    return 1


def c():
    f"no"


def d():
    b"no"


def e():
    "one" " two"
    return None


class F:
    r"""raw \n
    x"""
