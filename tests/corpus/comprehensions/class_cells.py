class Names:
    a = [__class__ for _ in x]
    b = [lambda: __class__ for _ in x]
    c = [(lambda: __classdict__)() for _ in x]

    def method(self):
        return super().method()
