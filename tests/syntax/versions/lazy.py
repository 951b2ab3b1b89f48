lazy import a.b as c
lazy from d import e
lazy = 1
