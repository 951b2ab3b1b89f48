def f(a, b, c, d):
    x, y = a, b
    a, b, c = c, a, b
    if d:
        z = x
    del y
    a = a = d
    print(x, y, z)
    for z in z:
        pass
    return z


def many(a):
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = v9 = v10 = v11 = v12 = v13 = v14 = v15 = v16 = a
    return v15, v16, v0, v1
