# Equal constants of different types or signs stay apart; equal ones are one.
a = 0, 0.0, -0.0, False, 0j, -0j, 0 - 0j
b = 1, 1.0, True, 1 + 0j
c = (0,), (0.0,), (-0.0,), (False,)
d = "a", b"a", ("a",), (b"a",)
e = (1, 2, 3), (1, 2, 3), (1, (2, 3)), (1, (2, 3))
f = frozenset, x in {1, 2}, x in {2, 1}, x in {1.0, 2}
g = ..., None, True, Ellipsis
h = lambda: (1, 2), lambda: (1, 2)
