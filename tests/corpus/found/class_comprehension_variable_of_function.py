# A comprehension in a class has a variable with a cell, and the class sees a function's variable of that name.


def own_name():
    class item:
        [lambda: item for item in range(3)]
        print(item)


def bound_later():
    class C:
        made = [lambda: i for i in range(3)]
        print(i)

        def method(self):
            return i

    i = 1
    return C


def nested(i):
    class C:
        [[(i for _ in "a") for i in range(j)] for j in range(3)]
        print(i)


def declared(i):
    class C:
        nonlocal i
        {i: lambda: (i, k) for i in range(3) for k in range(i)}
        i = [i for k in range(i)]


def generic(i):
    class C[T]:
        {(lambda: i) for i in range(3)}
        print(i)


def in_function(i):
    def inner():
        nonlocal i
        [lambda: i for i in range(3)]
        print(i)
