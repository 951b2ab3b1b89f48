match x:
    case 1 | -1 | 1.5 | -1 + 2j | 1 - 2j | 'a' 'b' | None | True | False: pass
    case a | (b) | (c, d) | [e, *_] | (f,) | (): pass
    case A.b | A.b.C() | D(1, 2) | E(a=1, b=_) | F(1, b=2,): pass
    case {}: pass
    case {1: a, 'b': c, A.b: d, None: e, **rest}: pass
    case {**rest,}: pass
    case a, *b: pass
    case *_,: pass
    case [A() as b, (C() | D()) as e] as f if g := h: pass
    case _ if a: pass
    case -0j: pass
match a, *b:
    case _: pass
match (a):
    case _: pass
match *a, b:
    case _: pass
match -a:
    case _: pass
match = case = type = _ = 1
match(a, b)
match[a]
match.a
match - a
match * a
match, a
match: int
print(match, case)
