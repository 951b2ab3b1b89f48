# Calls of what can't be called or has no name.
(lambda: 1)()
(a or b)(c)
a()()()
a[0](b)
[].append(1)
{}.get(a)
"%s".format(1)
(yield_)(1)
