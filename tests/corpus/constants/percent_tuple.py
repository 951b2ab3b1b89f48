# A format with a tuple of parts becomes an f-string, unless the tuple is a constant itself.
print("%s %r %a" % (a, b, c))
print("%s %r" % (a, "constant"))
print("%s %r" % ("constant", 1))
print("%s" % (1,))
print("%5d %-3s %%" % (a, b))
print("%s" % a)
print("nothing" % ())
print("%s %s" % (a,))
