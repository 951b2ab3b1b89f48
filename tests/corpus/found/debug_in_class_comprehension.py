# 3.13 folds __debug__ in the tree: a comprehension in a class has no such name to keep apart.
class C:
    [c for c in a if __debug__]
    [__debug__ for _ in a]
    [(lambda: (c, __debug__)) for c in a]
