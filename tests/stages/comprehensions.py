def f(rows, scale):
    x = [x * scale for row in rows for x in row if x]
    inner = {k: (lambda: k) for k in x}
    return {v for v in inner}, (w for w in x)


names = [name for name in dir()]
