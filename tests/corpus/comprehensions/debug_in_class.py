# __debug__ is a constant, and no name that a comprehension has to set aside.
class Class:
    values = [__debug__ for x in y if __debug__]
    assert [__debug__ for x in (z, __debug__)]


[__debug__ for x in y]
