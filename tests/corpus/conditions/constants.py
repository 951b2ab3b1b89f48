# Constant tests: what is left out, and what still counts for scopes and stacks.
if 0:
    import a
if 1:
    b
elif c:
    d
while 0:
    e
while 1:
    break
if not 0: f
if "": g
if (): h
if ...: i
if None or j: k
if 1 and l: m
if __debug__: n
x = 1 if 1 else 2
y = a if 0 else b
assert 0
assert (), "tuple"


def unreachable():
    return
    yield
