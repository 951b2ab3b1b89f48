# é
x = 1  # â‚
def f():
    # ÿ
    return x
