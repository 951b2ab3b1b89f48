if x is 1:
    pass
assert (x, "always")
print("\d")
