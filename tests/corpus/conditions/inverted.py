# A comparison under a `not` becomes its opposite and keeps its own place, to 3.13.
assert not x == y
assert not (x is y) is False
assert (not x) is False
assert not value in x
assert not not x is y, "message"


@(not
  x is y)
def function(a=not x in y, *, b=not not not x is y) -> (not
        x is y):
    if not x is y:
        pass
    while not (x in y):
        pass
    a = b if not (x in y) else 3
    a = not not x is y
    if (not x is y) and (not (x is y)):
        pass
    a = [not x is y for x in y if not not x is y]
    a = {not x is y: not x not in y for x in (not y is x)}
    a = "%s %r" % (not x is y, a)
    (not x is y)()
    a[not x is y: not x in y]
    not x is y
    for x in (not
              x is y):
        pass
    with (not
          x is y):
        pass
    lambda: (not
             x is y)
    not (x is y is z)
    not x < y
    return (
        not
        x not in y)


@(not
  x is y)
class Class(not x is y):
    name: (not
           x is y)
    other.name: (not
                 x is y)
