# for and while with break, continue, else and returns.


def f(a, b):
    for x in a:
        if x:
            continue
        if b:
            break
        return x
    else:
        b
    while a:
        if b:
            continue
        break
    else:
        return 1
    for x in a:
        for y in x:
            if y: break
        else:
            continue
        break
    while True:
        if a: return
        b()
