t"{x!r:{y}}" t"b"
