# The other side of `prepyc verify`: compiles what it is sent by compile() itself, loads what prepyc made of the same
# source, and says where the two differ. What it reads and writes is told in reference.rs.
#
# It shares nothing with the engine's own driver, so that a mistake there cannot hide here.
import marshal
import os
import struct
import sys
import warnings

ACCEPTED, REJECTED = 0, 1
NOTHING = 0xFFFFFFFF
# Plain values; co_consts is walked. Names of 3.11 and newer.
FIELDS = (
    "co_name co_qualname co_filename co_firstlineno co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals "
    "co_stacksize co_flags co_code co_names co_varnames co_cellvars co_freevars co_linetable co_exceptiontable"
).split()
CODE = type(compile("", "", "exec"))


def main():
    requests = os.fdopen(os.dup(0), "rb")
    responses = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints goes to stderr.
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    while True:
        head = requests.read(13)
        if len(head) < 13:
            return
        optimize, name_length, source_length, ours_length = struct.unpack("<BIII", head)
        filename = os.fsdecode(requests.read(name_length))
        source = requests.read(source_length)
        ours = None if ours_length == NOTHING else requests.read(ours_length)
        kind, fields = answer(source, filename, optimize, ours)
        body = b"".join(struct.pack("<I", len(field)) + field for field in map(to_bytes, fields))
        responses.write(struct.pack("<BII", kind, len(fields), len(body)) + body)
        responses.flush()


def answer(source, filename, optimize, ours):
    try:
        theirs = compile(source, filename, "exec", dont_inherit=True, optimize=optimize)
    except Exception as error:
        fields = ("lineno", "offset", "end_lineno", "end_offset")
        both = (error, without_file(error, source, optimize))
        positions = [getattr(either, field, None) for either in both for field in fields]
        return REJECTED, [type(error).__name__, getattr(error, "msg", None) or str(error), *positions]
    differences = []
    if ours is not None:
        try:
            differences = list(compare_code(marshal.loads(ours), theirs))
        except Exception as error:
            differences = ["cannot be loaded: " + repr(error)]
    return ACCEPTED, [marshal.dumps(theirs), *differences]


def without_file(error, source, optimize):
    """The same error of a source that is no file.

    CPython looks for the line in the file of the source's name, if there is one, and has places end where that line
    does: elsewhere than without the file where it lacks its last newline, or is long.
    """
    try:
        compile(source, "<source>", "exec", dont_inherit=True, optimize=optimize)
    except type(error) as same:
        return same
    except Exception:
        pass
    return error


def compare_code(ours, theirs):
    """Yields a line for each code object that differs: its first differing field."""
    if not isinstance(ours, CODE):
        yield "not a code object: " + shown(ours)
        return
    for field in FIELDS:
        left, right = getattr(ours, field), getattr(theirs, field)
        if left != right or type(left) is not type(right):
            yield "%s: %s is %s, CPython's is %s" % (theirs.co_qualname, field, shown(left), shown(right))
            return
    if len(ours.co_consts) != len(theirs.co_consts):
        yield "%s: co_consts is %s, CPython's is %s" % (
            theirs.co_qualname, shown(ours.co_consts), shown(theirs.co_consts))
        return
    for index, (left, right) in enumerate(zip(ours.co_consts, theirs.co_consts)):
        if isinstance(right, CODE):
            yield from compare_code(left, right)
        elif key(left) != key(right):
            yield "%s: co_consts[%d] is %s, CPython's is %s" % (
                theirs.co_qualname, index, shown(left), shown(right))


def key(value):
    """A constant with its type, and with the bits of its floats."""
    if isinstance(value, tuple):
        return tuple, tuple(map(key, value))
    if isinstance(value, frozenset):
        return frozenset, frozenset(map(key, value))
    if isinstance(value, float):
        return float, struct.pack("<d", value)
    if isinstance(value, complex):
        return complex, struct.pack("<dd", value.real, value.imag)
    if isinstance(value, slice):
        return slice, key(value.start), key(value.stop), key(value.step)
    return type(value), value


def shown(value):
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def to_bytes(field):
    if isinstance(field, bytes):
        return field
    return b"" if field is None else str(field).encode("utf-8", "backslashreplace")


main()
