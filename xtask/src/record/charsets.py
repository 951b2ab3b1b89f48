"""Writes down the codecs of this interpreter that have a character for each byte, for `cargo xtask record charsets`.

A line a codec: the names it goes by, as the codec registry compares them, and 128 code points of four digits for the
bytes from 0x80 on, `....` where there is none. Codecs that do not read ASCII as ASCII are left out.
"""

import encodings
import encodings.aliases
import pkgutil
import sys
from pathlib import Path

names = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
aliases = encodings.aliases.aliases
folder = Path(encodings.__path__[0])
lines = []
for name in sorted(names):
    if "charmap_decode" not in (folder / f"{name}.py").read_text() or name == "charmap":
        continue
    characters = [bytes([byte]).decode(name, "replace") for byte in range(256)]
    if characters[:128] != [chr(byte) for byte in range(128)]:
        continue
    points = "".join("...." if c == "\ufffd" else f"{ord(c):04X}" for c in characters[128:])
    known = sorted(alias for alias, target in aliases.items() if target == name)
    lines.append(" ".join([name, *known]) + "\t" + points + "\n")
Path(sys.argv[1]).write_text(f"# One-byte codecs of CPython {sys.version.split()[0]}\n" + "".join(lines))
