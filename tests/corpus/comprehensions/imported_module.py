# A method of an imported module is an attribute that is called; inside a module's inlined comprehension it is a method.
import module, other

module.method()
[module.method() for item in other.method()]
{module.method() for item in values.method()}
{module: module.method() for item in other.method()}
[item for item in values if module.method(item)]
[[module.method(item) for item in inner] for inner in values]
[(lambda: module.method(item)) for item in values]
[module.method(item) for module in values]
(module.method() for item in other.method())
module.method()


def function():
    [module.method() for item in other.method()]
    (module.method() for item in other.method())


class Class:
    [module.method() for item in other.method()]
    (module.method() for item in other.method())


import bound

[bound.method(item) for item in values if (bound := item)]
