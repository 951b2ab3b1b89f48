# Lists, sets, dictionaries and generators, at module level.
[x for x in y]
{x for x in y if x}
{x: z for x, z in y if x if z}
(x for x in y)
[x for y in z for x in y]
[[x for x in y] for y in z]
[x async_ for x in y] if 0 else 0
