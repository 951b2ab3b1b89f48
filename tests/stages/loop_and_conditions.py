def f(items, flag):
    for item in items:
        if item and flag or not item:
            continue
        total = item
    return total
