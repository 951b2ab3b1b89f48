# Several statements a line, and lines joined.
a; b; c = 1;
if a: b; c
for x in y: a; break
a = \
    b + \
    c
def f(): a; return b
class C: x = 1; y = 2
x = [
]
