# Powers of zero and infinity: which are exceptions, and so no constants.
print(0.0 ** -1e400, 0 ** -1e400, -0.0 ** -1e400, 0.0 ** -1.0)
print(1e400 ** 1e400j, 1e300j ** 1, 0j ** 1j, 0j ** 0j, (1+2j) ** -2, (1e308+1e308j) ** 1)
