# A joiner and a non-joiner, and the middle dot of Katakana, may stand in names.
na‌me = 1
na‍me = 2
ナ・メ = '\N{ZERO WIDTH JOINER}\N{SOFT HYPHEN}\N{NULL}'
