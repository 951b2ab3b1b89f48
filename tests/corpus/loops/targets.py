# What a for can assign to.
for a.b in c: pass
for a[0] in c: pass
for a, b in c: pass
for (a, *b), c in d: pass
for [] in a: pass
for x in 1, 2, *y: pass
for x in *a, b: pass
for a[i := 0] in b: pass
