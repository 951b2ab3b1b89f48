# Captures are bindings: cells, globals, class names, comprehension scopes.


def f(x):
    global g
    match x:
        case [a, b, *c]:
            return lambda: (a, c)
        case {"k": g, **h}:
            return [h for h in g]
        case int(i) | str(i):
            del i
    match (yield):
        case _ if (z := 1): pass


class C:
    match x:
        case [y, __z]: pass


match = case = type = _ = 1
match[0]
match(case)
type(_)
