# The lines of jumps and of code without its own.


def f(a):
    if a: return
    try:
        pass
    except: pass


def g(a):
    while a:
        with a: continue
    if a:
        pass
    else:
        a
    return (
        a and
        a
    )


def h(a):
    for x in a: pass
    if x:
        if a:
            x
