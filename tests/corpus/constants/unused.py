"""Constants as statements, and constants that only removed code loads."""
"doc"
"not doc"
1
...
(1, 2)
[1, 2]
a
-1


def f():
    "doc"
    "not"
    return 1
    return 2


def g():
    1
    return 3 if 0 else 4
