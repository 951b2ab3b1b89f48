# What a class takes in from its comprehensions: the first that has a name says whether the class binds it.


def used_first(_):
    class Used:
        {[_] for d in [()]}
        {n for _ in []}

        class Inner[T: _]:
            pass


def bound_first(_):
    class Bound:
        {n for _ in []}
        {[_] for d in [()]}

        class Inner[T: _]:
            pass
