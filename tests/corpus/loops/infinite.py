# while with constant tests, and loops whose end can't be reached.


def f(a):
    while True:
        a()


def g(a):
    while 1:
        if a():
            break
    else:
        never
    return a


def h(a):
    while not False:
        while a:
            continue
        return


for x in y: pass
while x: pass
else: z
