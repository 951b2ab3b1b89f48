# async with, nested in loops and try.


async def f(a):
    async with a: pass
    async with a as x, a(x) as y:
        return y
    for z in a:
        async with z:
            if z: continue
            break
    try:
        async with a: await a
    finally:
        async with a as (b, c): yield b
