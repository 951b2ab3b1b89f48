def f(a, b):
    for item in a:
        with item as x, b:
            if x:
                continue
            break
    with a:
        return b
