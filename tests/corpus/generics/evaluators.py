type Alias = int
type Generic[T: int = str, *Ts = *tuple[int], **P = []] = dict[T, P]


def constrained[T: (int, str), U: T = T](a: T, *, b: U = 1) -> Alias:
    return a


class Class[T: lambda: T](Base[T], key=T):
    type Inner[U] = [T for T in U]
    field: T

    def method[V: field](self, v: V = field) -> T:
        type Local = V
        return __class__
