def f(items):
    try:
        received = yield items
        result = yield from received
    finally:
        del items
    return result


async def g(items):
    async with items as entered:
        async for item in entered:
            yield await item
