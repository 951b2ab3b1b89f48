# with: one and several managers, targets, parentheses.


def f(a, b):
    with a: pass
    with a as x: x
    with a as x, b as (y, z): x
    with (a, b): pass
    with (a as x, b,): pass
    with (a): pass
    with a(b) as x.y, b as x[0]:
        return x
    with a:
        raise b
