# Annotations under conditions, in loops and in try statements.
if a:
    x: int
else:
    x: str
for i in b:
    y: i
try:
    z: int = 1
except E:
    z: str
with c:
    class D:
        if a:
            x: int
        while b:
            y: str
