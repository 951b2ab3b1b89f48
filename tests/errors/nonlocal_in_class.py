lambda: (yield)
class A:
    nonlocal x
