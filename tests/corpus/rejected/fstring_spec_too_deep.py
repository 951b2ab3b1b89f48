# Fields in format specifications in format specifications.
x = f"{a:{b:{c:{d}}}}"
