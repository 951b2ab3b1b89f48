# async for, await and both in comprehensions.


async def f(a, b):
    [x async for x in a]
    {x async for x in a if await x}
    {x: await y async for x, y in a}
    (x async for x in a)
    [await x for x in a]
    (await x for x in a)
    [[y async for y in x] for x in a]
    return [x for x in a if [y async for y in b]]
