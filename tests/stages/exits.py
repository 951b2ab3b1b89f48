def f(a):
    while True:
        try:
            if a():
                break
        except ValueError:
            continue
        if a:
            return
    raise


def g(a):
    if a:
        pass
    else:
        for b in a:
            if b:
                return b
