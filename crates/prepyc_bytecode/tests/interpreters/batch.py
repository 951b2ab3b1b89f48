"""What the tests ask of a real interpreter, many modules in one process.

compile OUT COUNT [LIB]    marshals the code objects of COUNT modules of the standard library (or of the folder LIB)
compare A B OUT STEP       compares the code objects of two such batches in every field, by type and value; of each
                           STEPth, writes the instructions as `dis` sees them to OUT, in the form of our listing;
... VALUES AGAIN           then loads a batch of any values and marshals them again

A batch is a sequence of records: the size in four bytes, little-endian, then the bytes.
"""
import dis
import marshal
import os
import struct
import sys
import warnings

FIELDS = (
    "co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals co_stacksize co_flags co_code co_consts co_names "
    "co_varnames co_cellvars co_freevars co_filename co_name co_qualname co_firstlineno co_linetable co_exceptiontable"
).split()


def sources(library):
    for folder, folders, files in os.walk(library):
        folders[:] = sorted(set(folders) - {"site-packages", "dist-packages", "__pycache__"})
        for name in sorted(files):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


def compile_batch(out, count, library):
    paths = list(sources(library))
    step = max(1, len(paths) // count)
    with open(out, "wb") as file:
        for path in paths[::step]:
            try:
                with open(path, "rb") as source:
                    code = compile(source.read(), path, "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError, RecursionError):
                continue
            write_record(file, code)


def write_record(file, value):
    data = marshal.dumps(value)
    file.write(struct.pack("<I", len(data)) + data)


def read_batch(path):
    with open(path, "rb") as file:
        data = file.read()
    position = 0
    while position < len(data):
        (size,) = struct.unpack_from("<I", data, position)
        yield marshal.loads(data[position + 4 : position + 4 + size])
        position += 4 + size


def differ(a, b, path):
    """The path of the first difference, or None."""
    if type(a) is not type(b):
        return path
    if isinstance(a, type(differ.__code__)):
        for field in FIELDS:
            found = differ(getattr(a, field), getattr(b, field), f"{path}.{field}")
            if found:
                return found
        return None
    if isinstance(a, (tuple, list)):
        if len(a) != len(b):
            return path
        for index, (x, y) in enumerate(zip(a, b)):
            found = differ(x, y, f"{path}[{index}]")
            if found:
                return found
        return None
    if isinstance(a, slice):
        return differ((a.start, a.stop, a.step), (b.start, b.stop, b.step), path)
    if isinstance(a, frozenset):
        key = lambda element: (type(element).__name__, repr(element))
        return differ(sorted(a, key=key), sorted(b, key=key), path)
    if isinstance(a, float):
        return None if struct.pack("<d", a) == struct.pack("<d", b) else path
    if isinstance(a, complex):
        same = struct.pack("<dd", a.real, a.imag) == struct.pack("<dd", b.real, b.imag)
        return None if same else path
    return None if a == b else path


def place(positions):
    line, end_line, column, end_column = positions
    if line is None:
        return "-"
    if column is None and end_column is None and line == end_line:
        return str(line)
    column, end_column = ("?" if value is None else value for value in (column, end_column))
    return f"{line}:{column}-{end_line}:{end_column}"


def exact_repr(value):
    """The constant's repr, if ours has to be the same: not of sets (order) and code (addresses)."""
    if isinstance(value, (int, float, complex, bytes, type(None), type(...))):
        return repr(value)
    return repr(value) if isinstance(value, str) and value.isascii() else "*"


def meaning(instruction, names):
    text = instruction.argrepr
    number = instruction.opcode
    if number in dis.hasjrel or number in dis.hasjabs:
        text = "to " + names[instruction.argval]
    elif number in dis.hasconst and instruction.argrepr:
        text = exact_repr(instruction.argval)
    return f"{instruction.arg} ({text})" if text else str(instruction.arg)


def list_code(code, out):
    handlers = dis._parse_exception_table(code)
    targets = set(dis.findlabels(code.co_code))
    for handler in handlers:
        targets.update((handler.start, handler.end, handler.target))
    names = {offset: f"L{index}" for index, offset in enumerate(sorted(targets), 1)}
    prefix = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "EXTENDED_ARG":
            prefix = instruction.offset if prefix is None else prefix
            continue
        start = instruction.offset if prefix is None else prefix
        prefix = None
        label = names[start] + ":" if start in names else ""
        oparg = "" if instruction.arg is None else meaning(instruction, names)
        where = place(instruction.positions)
        line = f"    {where:17} {label:>5} {instruction.offset:5} {instruction.opname:26} {oparg}"
        out.write(line.rstrip() + "\n")
    for handler in handlers:
        lasti = ", lasti" if handler.lasti else ""
        start, end, target = (names[offset] for offset in (handler.start, handler.end, handler.target))
        out.write(f"    {start} to {end}: {target}, depth {handler.depth}{lasti}\n")
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            list_code(constant, out)


def compare(a, b, out, step):
    count = 0
    with open(out, "w", encoding="utf-8", errors="backslashreplace") as file:
        for left, right in zip(read_batch(a), read_batch(b), strict=True):
            found = differ(left, right, left.co_filename)
            if found:
                sys.exit(f"differs: {found}")
            if count % step == 0:
                list_code(left, file)
            count += 1
    print(count)


def marshal_again(values, again):
    with open(again, "wb") as file:
        for value in read_batch(values):
            write_record(file, value)


warnings.simplefilter("ignore")
if sys.argv[1] == "compile":
    compile_batch(sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else os.path.dirname(os.__file__))
else:
    compare(*sys.argv[2:5], int(sys.argv[5]))
    marshal_again(*sys.argv[6:8])
