# Until 3.13 the character is looked at when all of the field is read.
f"{x!g y}"
