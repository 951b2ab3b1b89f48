# Sequence patterns, starred at every place.
match x:
    case []: a
    case [b]: b
    case b, c: c
    case [b, *_]: d
    case [*_, b]: e
    case [b, *c, d]: f
    case (b, (c, [d, *e]), *f): g
    case *_,: h
    case [1, *_, [2 | 3, _]]: i
    case [*b]: j
    case [_, _, *_]: k
