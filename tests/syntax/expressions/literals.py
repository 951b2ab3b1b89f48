0
00
1_000
0xFF_ff
0o17
0b1_0
9223372036854775807
9223372036854775808
0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF
1.
.5
1e400
1_0.5e-1_0
1e16
0.0001
0.00001
1j
0.0J
1e400j
'a' "b" '''c
d'''
u'a' 'b'
'a' u'b'
b'a' b"\xff\0\n"
r'\d' rb'\d' if 0 else 1
'\N{BULLET}\u20ac\U0001F600\x41\101\
'
'\ud800\udc00'
'it\'s' "it's" 'say "it\'s"'
