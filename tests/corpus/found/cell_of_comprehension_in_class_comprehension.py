# The cell of a comprehension within another one in a class takes the place of the class's free variable.
def f():
    class C:
        {x for y in {} if {lambda: x for x in ()}}
        {lambda: x for x in ()}

    def x():
        r
