# Names start with letters and digits.
x = "\N{-LATIN SMALL LETTER A}"
