# Attributes of super(): one instruction, unless the name is bound, the attribute is __class__, or arguments are unpacked.
class Class:
    def method(self): super().x()
    def unpacked(self): super().x(*s)
    def two(self): super(A, B).x(*s)
    def loaded(self): return super().x
    def class_cell(self): return super().__class__
    def name_alone(self):
        super().x()
        super.x
    def keyword(self): super(a=1).x()
    def three(self): super(1, 2, 3).x()
    def starred(self): super(*a).x
    def no_argument(): super().x
    def only_star(*args): super().x
    def shadowed(self):
        super = 1
        super().x()


def outside(x): super(C, x).y()
def without(x): super().y()
