# A comprehension in a class body is taken into it: to the scopes after it that see the class, its names are the class's.
def before_and_after(a, b, c, d):
    class Holder:
        type Before = a
        [0 for a in c if [b for b in a]]
        type After = (a, b)
        def generic[T: a](self, x: a = b) -> d: ...
        y: a
        {d: d for d in c}
        z: d


def annotated_first(a, c):
    class Holder:
        y: a
        [0 for a in c]
        z: a
        type After = a


def not_taken_in(a, c):
    class Holder:
        list(0 for a in c)
        type After = a
        class Inner:
            [0 for a in c]
        type AfterInner = a


def bound_by_both(a, c):
    class Holder:
        global a
        [0 for a in c]
        type After = a


def nested(a, c):
    class Holder[T: a]:
        [0 for a in c]
        type After = a


def lambdas(a, c):
    class Holder:
        [lambda: (a := 0) for x in c]
        type After = (a, x)
