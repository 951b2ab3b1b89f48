# A module that mentions super itself: methods call it as any other name.
alias = super


class Class:
    def method(self): super().x()
    def two(self): return super(A, B).x
