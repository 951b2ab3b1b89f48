# Mapping patterns with and without the rest.
match subject:
    case {**rest}:
        pass
    case {1: a, **rest}:
        pass
    case {1: a, 2: b, **rest}:
        pass
    case {}:
        pass
    case {1: a, 2: b}:
        pass
