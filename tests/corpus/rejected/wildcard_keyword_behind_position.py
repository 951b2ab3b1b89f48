# A keyword _ right behind a pattern by position is one more by position to CPython.
match x:
    case C(1, _=z):
        pass
