# Method calls, chained, multiline, with keywords and stars.
a.b()
a.b(1, c=2)
a.b(*c)
a.b(**c)
(a
 .b(1)
 .c(
     2,
 )
 .d())
a.b.c(d.e(f))
"".join(x)
import os
os.path.join("a")
os.getcwd()
