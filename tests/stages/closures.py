def f(argument, *rest, key=None, **options):
    cell = key

    def g():
        nonlocal cell
        cell = argument, rest
        return options

    return g


class C:
    attribute = 1

    def method(self):
        return __class__, super().method()
