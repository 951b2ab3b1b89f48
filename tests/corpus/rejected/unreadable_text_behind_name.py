# As that of a plain string.
a f"{x}\x"
