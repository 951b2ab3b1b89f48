x = (u"a"
     f"b{x:>{y}<}"
     f"c{x!r:abc}{x:{y}}"
     "d")
