# t-strings, which only Python 3.14 has.
t"a{b}c"
t"{a!r:>{b}}"
t"{a}" t"{b}"
t"{a=}"
