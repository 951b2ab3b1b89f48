# Literals, names, dotted values, alternatives, guards.


def f(x, y):
    match x:
        case 1 | -1 | 1.5 | -2 + 3j | 1 - 0j:
            return 1
        case "a" "b" | b"c":
            return 2
        case None | True | False:
            return 3
        case a.b | a.b.c:
            return 4
        case z if z > 1 and y:
            return z
        case (1 | 2) as w if w:
            return w
        case _:
            pass
    match x, y:
        case a, b: return a
