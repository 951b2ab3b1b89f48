# await, async for, async with, asynchronous generators.


async def f(a):
    await a
    x = await a + await a
    async for b in a:
        if b:
            continue
        break
    else:
        x
    async with a as b, c:
        return await x
    return a


async def g(a):
    yield await a
    async for x, y in a:
        yield x
