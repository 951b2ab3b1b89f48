# Bytes are read as well.
a b"é"
