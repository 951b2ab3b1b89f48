format = 1


class C:
    a: format
    b: [format for format in range(3)]


def f(a: format, b: lambda format: format) -> [format for format in ()]:
    pass


def g[format](a: format):
    pass


type format[T: format] = format
