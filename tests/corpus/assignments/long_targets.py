# Unpacking more than fits one oparg, before and after the star.
a0, a1, a2, a3, a4, a5, a6, a7, *rest, z0, z1, z2 = values
(a0, a1), *_, (z0, [z1, *z2]) = values
for a0, (a1, *rest) in values:
    pass
