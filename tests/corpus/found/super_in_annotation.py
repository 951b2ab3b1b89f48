# Where an annotation is evaluated among type parameters, nothing is an argument yet: `super()` stays a call.
class Class:
    def method[T: []](self: super().first(k) = ()):
        pass

    def other[T](self, *, key: super().second = 1) -> super().third:
        return super().third
