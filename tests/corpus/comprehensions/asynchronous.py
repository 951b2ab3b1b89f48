# Where the iterators of asynchronous clauses are made.
async def lists():
    return [(x,
        y, z) async for x in
         a() if x async for
            y in b(
            x) for z in
          y(x)]


async def sets(b):
    return {x async for x in b async for y in
         a() for z in
            b
       }


async def generators():
    return (x async for x in (
         await a) async for y in
             b(x)
       )


async def awaited():
    return {y: (await y) for x in (
         await a) for y in
             b(x)
       }
