# Escapes, prefixes, joining, surrogates.
a = 'a' "b" '''c
d''' r"\n" R'\'' "\
e"
b = b'\x00\377\'' rb"\x00" Rb'\0'
c = "\x41\u0042\U00010043\N{LATIN SMALL LETTER A}\a\b\f\n\r\t\v\\\'\"\0\12"
d = "\ud800", "\udfff\ud800", "é", "\x80", "𐀀"
e = u"x" "" ''
