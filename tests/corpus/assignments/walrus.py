# Assignment expressions in every place that takes them.
if (n := len(a)) > 10:
    pass
print(y := f(x), z := 1)
x = [y := f(x), y**2]
while chunk := read():
    chunk


def f(a=(b := 1)):
    lambda: (c := 1)
    total = [last := i for i in a]
    any((hit := i) for i in a)
    return last, hit, a[(k := 0)]
