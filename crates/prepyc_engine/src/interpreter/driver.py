# prepyc's driver: compiles what it is sent, until its input ends.
#
# Runs in the target's interpreter, whichever from 3.8 on, as the text of "-c". What it reads and writes is told in
# frame.rs. It leaves everything at a fresh interpreter's settings that could change what compile() does.
import sys

# From 3.11 on PYTHONSAFEPATH keeps the current folder out; before, it is the empty entry. First of all, since every
# import below would look there.
sys.path[:] = [entry for entry in sys.path if entry]

import io
import marshal
import os
import warnings

HELLO, COMPILED, REJECTED = 0, 1, 2


def main():
    requests, responses = reserve_wires()
    warned = []
    # Filters stay as they are: what py_compile would show is what arrives here.
    warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: warned.append(
        (category.__name__, str(message), filename, lineno)
    )
    responses.write(b"\0prepyc driver 1\n" + frame(0, HELLO, hello()))
    responses.flush()
    while True:
        head = requests.read(13)
        if len(head) < 13:
            return
        sequence = int.from_bytes(head[:4], "little")
        filename_length = int.from_bytes(head[5:9], "little")
        source_length = int.from_bytes(head[9:13], "little")
        filename = requests.read(filename_length).decode("utf-8", "surrogateescape")
        source = requests.read(source_length)
        if len(source) < source_length:
            return
        kind, fields = compile_source(source, filename, head[4])
        source = None
        for warning in dict.fromkeys(warned):
            fields.extend(map(text, warning))
        warned.clear()
        responses.write(frame(sequence, kind, fields))
        responses.flush()


def reserve_wires():
    """Takes the wires away from descriptors 0 and 1, where anybody might read or print."""
    requests = io.open(os.dup(0), "rb", 1 << 18)
    responses = io.open(os.dup(1), "wb", 1 << 18)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, responses


def hello():
    import _frozen_importlib_external

    implementation, version = sys.implementation, sys.version_info
    return [
        text(implementation.name),
        text(version[0]),
        text(version[1]),
        text(version[2]),
        text(version[3]),
        text(version[4]),
        bytes(_frozen_importlib_external.MAGIC_NUMBER),
        text(implementation.cache_tag),
    ]


def compile_source(source, filename, optimize):
    # As importlib's source_to_code does, which py_compile calls.
    try:
        code = compile(source, filename, "exec", dont_inherit=True, optimize=optimize)
        return COMPILED, [marshal.dumps(code)]
    except Exception as error:
        return REJECTED, describe(error, source, filename)


def describe(error, source, filename):
    kind = text(type(error).__name__)
    if not isinstance(error, SyntaxError):
        return [kind, text(error), None, None, None, None, None, None]
    # Errors found while decoding have no file name, or "<string>".
    if error.filename is None or error.filename == "<string>":
        error.filename = filename
    return [
        kind,
        text(error.msg),
        text(error.lineno),
        text(error.offset),
        text(getattr(error, "end_lineno", None)),
        text(getattr(error, "end_offset", None)),
        text(error.text),
        rendered(error, source),
    ]


def rendered(error, source):
    """What the interpreter would print; None if it fails over it, or if that would not name the file."""
    if error.lineno is None:
        return None
    try:
        import traceback

        # From 3.14 on, the search for misspelled keywords would read the file of that name, whichever that is.
        metadata = getattr(error, "_metadata", None)
        if metadata and len(metadata) == 3 and metadata[2] is None:
            error._metadata = (metadata[0], metadata[1], source.decode("utf-8", "replace"))
        return text("".join(traceback.format_exception_only(type(error), error)))
    except Exception:
        return None


def text(value):
    """Lone surrogates cannot be printed; they stand as backslash escapes."""
    return None if value is None else str(value).encode("utf-8", "backslashreplace")


def frame(sequence, kind, fields):
    parts = []
    for field in fields:
        if field is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(len(field).to_bytes(4, "little"))
            parts.append(field)
    body = b"".join(parts)
    return sequence.to_bytes(4, "little") + bytes((kind,)) + len(body).to_bytes(4, "little") + body


main()
