"""Holds a folder of pycs against what this interpreter's own compiler makes of their sources.

    compare_tree.py SOURCES PYCS MODE LEVEL...

PYCS holds the pycs of all sources below SOURCES, each in a `__pycache__` at its source's relative path, for each
optimisation LEVEL; MODE is how they are invalidated: timestamp, checked-hash or unchecked-hash. Prints one JSON object:

    files       how many sources there are
    pycs        how many pycs equal py_compile's, header and every field of every code object
    objects     how many code objects those hold
    rejected    the sources that this interpreter does not compile, each with its exception
    wrong       a line for each pyc that is missing, differs, or should not be there
"""

import importlib.util
import json
import marshal
import os
import struct
import sys
import warnings

FLAGS = {"timestamp": 0, "unchecked-hash": 1, "checked-hash": 3}
# Every data attribute of a code object. co_lnotab is another view of co_linetable, and deprecated.
FIELDS = [
    name
    for name in dir(compile("", "", "exec"))
    if name.startswith("co_") and name not in ("co_lnotab", "co_lines", "co_positions", "co_branches")
]
CODE = type(compile("", "", "exec"))


class Differs(Exception):
    """The pyc is not the one that py_compile writes."""


def key(constant):
    """A hashable value that is equal for constants of equal type, value and sign, and for no others."""
    kind = type(constant)
    if kind is float:
        return "float", struct.pack("<d", constant)
    if kind is complex:
        return "complex", struct.pack("<dd", constant.real, constant.imag)
    if kind is tuple:
        return "tuple", tuple(map(key, constant))
    if kind is frozenset:
        return "frozenset", frozenset(map(key, constant))
    if kind.__name__ == "slice":
        return "slice", key(constant.start), key(constant.stop), key(constant.step)
    if kind is CODE:
        return "code", tuple(key(getattr(constant, field)) for field in FIELDS)
    if kind in (int, bool, str, bytes, type(None), type(Ellipsis)):
        return kind.__name__, constant
    raise Differs(f"a constant of type {kind.__name__}")


def compare(ours, theirs, where):
    """Raises Differs at the first field that differs; returns how many code objects were compared."""
    objects = 1
    for field in FIELDS:
        a, b = getattr(ours, field), getattr(theirs, field)
        if field != "co_consts":
            if type(a) is type(b) and type(a) in (bytes, str, int):
                same = a == b
            else:
                same = key(a) == key(b)
            if not same:
                raise Differs(f"{where}: {field} is {a!r}, not {b!r}")
            continue
        if len(a) != len(b):
            raise Differs(f"{where}: co_consts is {a!r}, not {b!r}")
        for index, (x, y) in enumerate(zip(a, b)):
            if type(x) is CODE and type(y) is CODE:
                objects += compare(x, y, f"{where}.{y.co_name}")
            elif key(x) != key(y):
                raise Differs(f"{where}: co_consts[{index}] is {x!r}, not {y!r}")
    return objects


def check_header(header, source, path, mode):
    """Holds a pyc's 16 bytes against PEP 552."""
    flags = FLAGS[mode]
    if mode == "timestamp":
        stat = os.stat(path)
        rest = struct.pack("<II", int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF)
    else:
        rest = importlib.util.source_hash(source)
    wanted = importlib.util.MAGIC_NUMBER + struct.pack("<I", flags) + rest
    if header != wanted:
        raise Differs(f"the header is {header.hex()}, not {wanted.hex()}")


def check_pyc(pyc, source, path, theirs, mode):
    """Holds one pyc against its source and the code object compiled from it."""
    try:
        with open(pyc, "rb") as file:
            header = file.read(16)
            check_header(header, source, path, mode)
            ours = marshal.load(file)
            if file.read(1):
                raise Differs("there is something after the code object")
    except FileNotFoundError:
        raise Differs("there is no pyc") from None
    except (ValueError, EOFError, TypeError) as error:
        raise Differs(f"the pyc does not load: {error!r}") from None
    if type(ours) is not CODE:
        raise Differs(f"the pyc holds a {type(ours).__name__}")
    return compare(ours, theirs, "<module>")


def sources(root):
    """Every .py file below root, as paths relative to it, sorted. What is installed into it is none of its own."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("__pycache__", "site-packages")]
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith(".py") and os.path.isfile(path):
                found.append(os.path.relpath(path, root))
    return sorted(found)


def compile_as_py_compile(source, path, level):
    """The code object that py_compile would write, or the exception it would raise."""
    try:
        return compile(source, path, "exec", dont_inherit=True, optimize=level), None
    except Exception as error:  # py_compile takes any: SyntaxError, ValueError, RecursionError, MemoryError ...
        return None, f"{type(error).__name__}: {error}"


def compare_tree(root, out, mode, levels):
    report = {"files": 0, "pycs": 0, "objects": 0, "rejected": {}, "wrong": []}
    unexpected = {
        os.path.join(folder, name) for folder, _, files in os.walk(out) for name in files if name.endswith(".pyc")
    }
    for relative in sources(root):
        report["files"] += 1
        path = os.path.join(root, relative)
        with open(path, "rb") as file:
            source = file.read()
        for level in levels:
            theirs, error = compile_as_py_compile(source, path, level)
            pyc = importlib.util.cache_from_source(os.path.join(out, relative), optimization=level or "")
            if error is not None:
                report["rejected"][relative] = error
                continue
            unexpected.discard(pyc)
            try:
                report["objects"] += check_pyc(pyc, source, path, theirs, mode)
                report["pycs"] += 1
            except Differs as difference:
                report["wrong"].append(f"{relative} -O{level}: {str(difference)[:2000]}")
    report["wrong"] += [f"{pyc}: no such pyc is called for" for pyc in sorted(unexpected)]
    return report


def main():
    _, root, out, mode, *levels = sys.argv
    warnings.simplefilter("ignore")
    json.dump(compare_tree(root, out, mode, [int(level) for level in levels]), sys.stdout)


main()
