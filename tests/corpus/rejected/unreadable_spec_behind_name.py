# An error of the codec, with no place.
a f"{x:\x}"
