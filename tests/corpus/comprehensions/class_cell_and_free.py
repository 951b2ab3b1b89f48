# A name that is a cell of a comprehension inlined into a class, and free for the class's methods.


def outer():
    class f:
        [() for c in _ for _ in (b for x in [] if f) for f in []]

        def f():
            f
