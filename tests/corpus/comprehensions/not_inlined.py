# In an alias or type parameters inside a class, which see the names of the class, comprehensions are functions.
class Class:
    type Lists[T] = [x for x in
        (lambda: 1)]
    type Sets = {x for x in y if x}
    type Dicts = {
        x: y for x in y for y in x}
    type Generators = (x for x in y)

    def method[T: [x for x in y]](self, *a: T) -> [x for x in T]:
        pass
