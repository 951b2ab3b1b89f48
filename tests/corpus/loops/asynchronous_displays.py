# An async for iterates over a display as it stands; a for and a comprehension take a tuple or a frozenset of constants.
async def function(a, b):
    async for x in [1, 2]: pass
    async for x in {1}: pass
    async for x in [a, b]: pass
    for x in [1, 2]: pass
    for x in {1}: pass
    for x in [a, b]: pass
    [x async for x in [1, 2]]
    [x async for x in [a, b]]
    [x for x in {1} async for y in {2, 3} async for z in [a]]
