# A NaN that folding makes equals only itself: a node that is compiled twice shares it, two equal nodes do not.
while n(1e400 * 0):
    f()
while x in [1e400 - 1e400, 2]:
    f()
try:
    f()
finally:
    n(1e400 * 0)
    n((1e400 * 0,))
    n(+(1e400 * 0))
    (lambda: 1e400 * 0)
try:
    f()
except:
    n(1e400 * 0)
n(1e400 * 0, 1e400 * 0)
n(1e400 * 0j)
