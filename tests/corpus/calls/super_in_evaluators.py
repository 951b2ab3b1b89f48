class Evaluated:
    type Alias = super().attribute
    type Explicit = super(one, two).attribute
    type Method = super().method()
    variable: super().attribute

    def method[T = super().attribute](self, value: super().attribute):
        return [super().attribute for _ in value]
