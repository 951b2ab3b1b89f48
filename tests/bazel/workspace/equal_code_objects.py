"""Compiles the source of every pyc below a folder with the running CPython, and compares the code objects.

Takes bazel-bin; sources are looked for there and in the folders of the source tree it corresponds to.
"""

import marshal
import sys
import types
from pathlib import Path


def source_of(pyc, outputs):
    """The path of the source, and the name Bazel compiles it by."""
    folder = pyc.parent.parent if pyc.parent.name == "__pycache__" else pyc.parent
    relative = folder.relative_to(outputs) / (pyc.name.partition(".")[0] + ".py")
    name = relative
    if relative.parts[0] == "external":
        name = Path("..", *relative.parts[1:])
    for path in (outputs / relative, Path(relative), outputs.resolve().parents[2] / relative):
        if path.exists():
            return path, str(name)
    raise SystemExit(f"{pyc}: no source")


def assert_equal(ours, theirs, where):
    if isinstance(theirs, types.CodeType):
        names = [name for name in dir(theirs) if name.startswith("co_") and name not in ("co_consts", "co_lnotab")]
        for name in names:
            ours_value, theirs_value = getattr(ours, name), getattr(theirs, name)
            if callable(theirs_value):
                ours_value, theirs_value = list(ours_value()), list(theirs_value())
            assert repr(ours_value) == repr(theirs_value), f"{where}: {name}: {ours_value!r} is not {theirs_value!r}"
        assert len(ours.co_consts) == len(theirs.co_consts), where
        for left, right in zip(ours.co_consts, theirs.co_consts):
            assert_equal(left, right, f"{where}.{theirs.co_name}")
    else:
        assert type(ours) is type(theirs) and ours == theirs, f"{where}: {ours!r} is not {theirs!r}"


def main(outputs):
    checked = 0
    for pyc in sorted(outputs.rglob("*.pyc")):
        if any(part.endswith(".runfiles") for part in pyc.parts):
            continue
        path, name = source_of(pyc, outputs)
        code = compile(path.read_bytes(), name, "exec", dont_inherit=True, optimize=0)
        assert_equal(marshal.loads(pyc.read_bytes()[16:]), code, name)
        checked += 1
    print(f"{checked} pycs hold what CPython compiles")


main(Path(sys.argv[1]))
