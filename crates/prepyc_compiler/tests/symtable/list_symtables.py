"""Lists the symbol tables of the files named on standard input, as the interpreter that runs this makes them.

The form is that of `prepyc_compiler::symtable`'s listing. Each file's listing stands between a line that names the
file and an empty line; where the interpreter rejects the file, its message and place stand instead. What the parser
itself rejects is left out.
"""

import ast
import sys
import warnings
import _symtable

KINDS = {
    name: getattr(_symtable, constant, None)
    for name, constant in [
        ("module", "TYPE_MODULE"),
        ("function", "TYPE_FUNCTION"),
        ("class", "TYPE_CLASS"),
        ("annotation", "TYPE_ANNOTATION"),
        ("type variable", "TYPE_TYPE_VARIABLE"),
        ("type alias", "TYPE_TYPE_ALIAS"),
        ("type parameters", "TYPE_TYPE_PARAMETERS"),
    ]
}
KIND_NAMES = {number: name for name, number in KINDS.items() if number is not None}
SCOPES = {1: "local", 2: "global", 3: "implicit", 4: "free", 5: "cell"}
FLAGS = [
    (1, "global"),
    (1 << 1, "assigned"),
    (1 << 2, "parameter"),
    (1 << 3, "nonlocal"),
    (1 << 4, "used"),
    (1 << 6, "free-class"),
    (1 << 7, "imported"),
    (1 << 8, "annotated"),
    (1 << 9, "iterated"),
    (1 << 10, "type-parameter"),
    (1 << 11, "comprehension-cell"),
]


def is_bare_annotation(table):
    """Whether it is a scope of annotations that name nothing and open no scope."""
    is_annotation = KIND_NAMES[table.type] == "annotation"
    return is_annotation and not table.children and not table.symbols.keys() - {".format", "__classdict__"}


def list_table(table, lines, depth):
    if is_bare_annotation(table):
        return
    indent = "  " * depth
    nested = " nested" if table.nested else ""
    lines.append(f"{indent}{KIND_NAMES[table.type]} {table.name} {table.lineno}{nested}")
    for name in sorted(table.symbols, key=lambda name: name.encode("utf-8", "surrogatepass")):
        value = table.symbols[name]
        flags = "".join(f" {word}" for flag, word in FLAGS if value & flag)
        lines.append(f"{indent}  {name} {SCOPES[value >> _symtable.SCOPE_OFF & 7]}{flags}")
    for name in table.varnames:
        lines.append(f"{indent}  parameter {name}")
    for child in table.children:
        list_table(child, lines, depth + 1)


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass", newline="\n")
    warnings.simplefilter("ignore")
    for path in sys.stdin.read().splitlines():
        with open(path, "rb") as file:
            source = file.read()
        try:
            ast.parse(source)
        except Exception:
            continue
        lines = []
        try:
            list_table(_symtable.symtable(source, "x.py", "exec"), lines, 0)
        except SyntaxError as error:
            lines = [f"! {error.msg} ({error.lineno})"]
        print(path, *lines, "", sep="\n")


main()
