# Strings that are made when the tree is folded, and strings after a docstring, are none.
"a" + "b"
def f():
    "a" * 2
    return 1
class C:
    "%s" % "x"
    "doc"
    "another"
def g():
    "a"
    "b"
def h():
    ("a", "b")[0]
