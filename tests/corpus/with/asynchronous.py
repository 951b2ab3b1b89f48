# Where an asynchronous with ends, and what its end is covered by.
async def function(a, b, c):
    async with a:
        pass
    async with a as one:
        return
    async with a as one, c as (
       two, three):
        f()
    async with a as one:
        return 3
    async with b:
        try:
            pass
        finally:
            return
    async with (
       a
       ):
        pass


async def generator():
    async with (yield):
        pass
    for one in two:
        async with one:
            if three:
                break
            continue
