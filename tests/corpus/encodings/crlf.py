# Line ends of other systems.
x = """a
b"""
if x:
    y = 1
