if a: pass;
elif b:
    x = 1
elif c: y
else: z
while (n := f()): break
else:
    continue
for x, *y in a, *b: pass
for (x) in y:
    pass
async def f():
    async for x in y: await z
    async with a as b, c as (d, e): pass
    return [x async for x in y if a if b]
with (a as b, c as d,): pass
with (a, b): pass
with (a, b) as c: pass
with (a): pass
with (yield): pass
with (a for b in c): pass
with (a, *b): pass
with (a := b, c): pass
with a(b) as c.d, e as f[0]: pass
try: pass
except: pass
else: pass
finally: pass
try: pass
except A: pass
except (B, C) as d: pass
try: pass
except* A: pass
except* B as c: pass
