"""Says what this interpreter's codecs of several bytes read, for `cargo xtask record charsets`.

A line for each codec, `= NAME ALIAS...`, and below it a line for each sequence of bytes that is one character (or two) to
it: the bytes in hexadecimal, and the code points in hexadecimal with `+` between.
"""

import encodings.aliases
import sys

BYTES = range(0x80, 0x100)
DIGITS = range(0x30, 0x3A)


def sequences(codec, reads):
    """All that may be one character: by the leading byte if that is none by itself."""
    for lead in BYTES:
        yield bytes([lead])
        if not reads(bytes([lead])):
            yield from (bytes([lead, trail]) for trail in range(0x100))
    if codec == "euc_jp":
        yield from (bytes([0x8F, second, third]) for second in BYTES for third in BYTES)
    if codec == "gb18030":
        for lead in BYTES:
            for second in DIGITS:
                for third in BYTES:
                    yield from (bytes([lead, second, third, last]) for last in DIGITS)


for codec in sys.argv[1:]:

    def reads(sequence):
        try:
            return sequence.decode(codec)
        except UnicodeDecodeError:
            return None

    assert reads(bytes(range(0x80))) == "".join(map(chr, range(0x80))), codec
    known = sorted(alias for alias, target in encodings.aliases.aliases.items() if target == codec)
    print("=", codec, *known)
    for sequence in sequences(codec, reads):
        if text := reads(sequence):
            print(sequence.hex(), "+".join(f"{ord(character):x}" for character in text))
