(a
b