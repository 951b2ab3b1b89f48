# A keyword may be _, but not right behind a pattern by position.
match x:
    case C(_=z):
        pass
    case C(1, b=y, _=z):
        pass
    case C(_, b=_):
        pass
