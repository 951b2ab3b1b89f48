# Not a SyntaxError, so what the rest of the file has wrong is not asked for.
a f"{x:\x}" "
