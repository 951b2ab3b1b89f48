def größer(zahl):
    return zahl + 1
