# Subscripts and slices, constant and not.
a[1:2]
a[:]
a[1:]
a[:2]
a[::2]
a[1:2:3]
a[b:c]
a[b:c:d]
a[1:2, 3]
a[1:2, ::3]
a[None:None]
a[-1:]
a[1:2] = b
a[b:c] = d
a[::2] = e
a[1:2] += f
a[b:c] += f
a[...]
a[()]
a[*b]
a[*b, 1:2]
del a[1:2], a[b:c], a[::2]
