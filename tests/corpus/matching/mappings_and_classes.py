# Mapping and class patterns.
match x:
    case {}: a
    case {"b": 1, 2: b}: c
    case {"b": _, **rest}: d
    case {-1: b, d.e: c, **f}: g
    case C(): h
    case C(1, b): i
    case C(1, k=b, l=D(m=[c, d])): j
    case a.C(x, y=_) | a.D(x, _): k
    case {"k": C(a) as b, **c} as d: l
    case C(_, _, z=_): m
    case _: n
