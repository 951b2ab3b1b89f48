# The string is read while other words for the mistake are looked for.
a "\x"
