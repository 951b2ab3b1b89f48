for f() in a < b: pass
