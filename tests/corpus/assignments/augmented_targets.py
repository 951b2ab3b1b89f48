# Augmented assignment reads and writes each kind of target once.
x += 1
a.b -= c
a[i] *= c
a[i:j] //= c
a[i:j:k] @= c
a[i, j] **= c


def f(x):
    global y
    x |= x
    y >>= x
    x.z[x] ^= y
    x[1:] += 1
