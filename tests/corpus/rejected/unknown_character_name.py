# A character of Unicode 16: 3.13 does not know it.
x = "\N{GARAY CAPITAL LETTER A}"
