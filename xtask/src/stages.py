"""What CPython's code generator emits for each code object of a module, and the code object that it becomes.

    stages.py list SOURCE           the units as text, for the stage tests
    stages.py dump OUT SOURCE...    the units of many modules as marshal, for the comparison of whole libraries

A unit is what the back half of a compiler is given (instruction sequence, constants, names) and what it must make of
it. The interpreter hands out the sequences of nested code objects, but only the outermost one's constants as they were
before optimization. The others' are read off a second compilation, in which every constant stands in an expression
that can't be folded, so that all of them stay in co_consts, in the order in which code generation asked for them.
"""

import ast
import dis
import marshal
import opcode
import os
import sys
import types
import warnings

import _opcode_metadata
import _testinternalcapi

OPNAMES = {number: name for name, number in _opcode_metadata.opmap.items()}
WITH_TARGET = {*opcode.hasjrel, *opcode.hasjabs, *opcode.hasexc}
FOLDS_IN_GRAPH = "LOAD_SMALL_INT" in opcode.opmap
HAS_DOCSTRING = 0x4000000
CLASS_CELLS = ("__class__", "__classdict__", "__conditional_annotations__")
# Integers below 256 never stay in co_consts; these, as far above this mark, do.
MARK = 10**30


def is_small(value):
    return FOLDS_IN_GRAPH and type(value) is int and 0 <= value < 256


def unmarked(value):
    return value - MARK if type(value) is int and MARK <= value < MARK + 256 else value


class Unfoldable(ast.NodeTransformer):
    """Puts each constant `c` in `c @ c`, unless code generation treats constants of its own accord there."""

    def marked(self, node):
        return ast.copy_location(ast.Constant(MARK + node.value), node) if is_small(node.value) else node

    def visit_Constant(self, node):
        node = self.marked(node)
        return ast.copy_location(ast.BinOp(node, ast.MatMult(), node), node)

    def visit_Expr(self, node):
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Return(self, node):
        if not isinstance(node.value, ast.Constant):
            return self.generic_visit(node)
        node.value = self.marked(node.value)
        return node

    def visit_MatchValue(self, node):
        if isinstance(node.value, ast.Constant):
            node.value = self.marked(node.value)
        return node

    def visit_MatchMapping(self, node):
        node.patterns = [self.visit(pattern) for pattern in node.patterns]
        return node

    def visit_MatchSingleton(self, node):
        return node

    def visit_Slice(self, node):
        parts = [part for part in (node.lower, node.upper, node.step) if part is not None]
        if FOLDS_IN_GRAPH and all(isinstance(part, ast.Constant) for part in parts):
            return node
        return self.generic_visit(node)

    def visit_Tuple(self, node):
        if FOLDS_IN_GRAPH and not node.elts and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.Dict([], []), node)
        return self.generic_visit(node)

    def visit_List(self, node):
        if not FOLDS_IN_GRAPH and all(isinstance(element, ast.Constant) for element in node.elts):
            return node
        return self.generic_visit(node)

    visit_Set = visit_List

    def visit_Dict(self, node):
        def stays(key):
            return key is None or not FOLDS_IN_GRAPH and isinstance(key, ast.Constant)

        node.keys = [key if stays(key) else self.visit(key) for key in node.keys]
        node.values = [self.visit(value) for value in node.values]
        return node


def codes_in(constants):
    return [constant for constant in constants if isinstance(constant, types.CodeType)]


class Module:
    def __init__(self, path, source):
        compiled = dict(filename=path, mode="exec", optimize=0, dont_inherit=True)
        self.path = path
        self.code = compile(source, **compiled)
        tree = compile(source, flags=ast.PyCF_ONLY_AST, **compiled)
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        self.levels = {(node.lineno, node.col_offset): node.level for node in froms}
        self.sequence, metadata = _testinternalcapi.compiler_codegen(tree, path, 0)
        self.consts = list(metadata["consts"])
        optimized = compile(source, flags=ast.PyCF_OPTIMIZED_AST, **compiled)
        self.unfolded = compile(ast.fix_missing_locations(Unfoldable().visit(optimized)), **compiled)

    def units(self):
        yield from self.units_of(self.sequence, self.code, self.unfolded, self.consts)

    def units_of(self, sequence, code, unfolded, consts):
        rows = tuple(
            (OPNAMES[op], arg or 0, *place, op in WITH_TARGET) for op, arg, *place in sequence.get_instructions()
        )
        alike = {}
        for child in codes_in(code.co_consts):
            alike.setdefault((child.co_qualname, child.co_firstlineno), []).append(child)
        partners = []
        for child in codes_in(unfolded.co_consts):
            found = alike.get((child.co_qualname, child.co_firstlineno))
            partners.append((found.pop(0) if found else None, child))
        if consts is None:
            own = {id(child): partner for partner, child in partners}
            known = [own.get(id(constant), unmarked(constant)) for constant in unfolded.co_consts]
            consts = self.with_dropped_constants(rows, known, code)
        # The sequence that takes the place of ANNOTATIONS_PLACEHOLDER is not handed out.
        if consts is not None and any(row[0] == "ANNOTATIONS_PLACEHOLDER" for row in rows):
            loaded = {row[1] for row in rows if row[0] == "LOAD_CONST"}
            if any(child.co_name == "__annotate__" and consts.index(child) not in loaded for child in codes_in(consts)):
                consts = None
        if consts is not None:
            yield rows, tuple(consts), code
        nested = sequence.get_nested()
        # A body that is compiled twice (finally) has two sequences but one code object.
        if len(nested) == len(partners):
            for inner, (partner, child) in zip(nested, partners):
                if partner is not None:
                    yield from self.units_of(inner, partner, child, None)

    def with_dropped_constants(self, rows, known, code):
        """Puts back what the graph's passes dropped even so: integers that code generation itself asks for."""
        total = max([row[1] for row in rows if row[0] == "LOAD_CONST"], default=-1) + 1
        if code.co_flags & HAS_DOCSTRING or known and total < len(known):
            total = max(total, 1)
        final = list(dis.get_instructions(code))
        lengths = {
            tuple(load.positions): load.arg
            for before, load in zip(final, final[1:])
            if before.opname == "GET_LEN" and load.opname == "LOAD_SMALL_INT"
        }
        dropped = {}
        for index, (name, oparg, line, _, column, *_) in enumerate(rows):
            if name == "LOAD_CONST" and oparg not in dropped and FOLDS_IN_GRAPH:
                after = [row[0] for row in rows[index + 1 : index + 3]]
                if after[1:] == ["IMPORT_NAME"] and is_small(level := self.levels.get((line, column), 0)):
                    dropped[oparg] = level
                elif index and rows[index - 1][0] == "GET_LEN" and rows[index][2:6] in lengths:
                    dropped[oparg] = lengths[rows[index][2:6]]
                elif after[:1] == ["STORE_NAME"] and is_small(code.co_firstlineno):
                    if code.co_names[rows[index + 1][1]] == "__firstlineno__":
                        dropped[oparg] = code.co_firstlineno
        values = [(type(value), value) for value in dropped.values()]
        known = [constant for constant in known if (type(constant), constant) not in values]
        if len(known) + len(dropped) < total:
            # An unreachable "return None" is the only one to load it.
            for row, after in zip(rows, rows[1:]):
                if row[0] == "LOAD_CONST" and row[1] not in dropped and row[2] == -1 and after[0] == "RETURN_VALUE":
                    dropped[row[1]] = None
                    break
        if len(known) + len(dropped) != total:
            return None
        rest = iter(known)
        return [dropped[index] if index in dropped else next(rest) for index in range(total)]


def cells_of(code):
    """The cells in the order of the symbol table: by name, then those that only a class has."""
    late = () if code.co_flags & 1 else CLASS_CELLS
    cells = sorted(name for name in code.co_cellvars if name not in late)
    return (*cells, *(name for name in late if name in code.co_cellvars))


def hidden_of(code):
    return () if code.co_flags & 1 else code.co_varnames


def dump(out, paths):
    units = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                module = Module(path, file.read())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        for rows, consts, code in module.units():
            units.append(
                (f"{path}: {code.co_qualname}", rows, consts, code.co_varnames, cells_of(code),
                 tuple(sorted(code.co_freevars)), hidden_of(code), code)
            )  # fmt: skip
    with open(out, "wb") as file:
        file.write(marshal.dumps(tuple(units)))


def place_text(line, end_line, column, end_column):
    if line is None or line < 0:
        return "next" if line == -2 else "none"
    if column is None or column < 0:
        return str(line)
    return f"{line}:{column}-{end_line}:{end_column}"


def const_text(constant):
    return f"<code {constant.co_qualname}>" if isinstance(constant, types.CodeType) else repr(constant)


def print_rows(rows):
    """Rows (name, oparg or target, place, target's place or None, handler's place or None) with labels."""
    targets = {row[3] for row in rows if row[3] is not None} | {row[4] for row in rows if row[4] is not None}
    labels = {place: f"L{number}" for number, place in enumerate(sorted(targets), 1)}
    for index, (name, oparg, place, target, handler) in enumerate(rows):
        if index in labels:
            print(f" {labels[index]}:")
        operand = oparg if target is None else labels[target]
        under = "" if handler is None else f" under {labels[handler]}"
        print(f"  {name} {operand} @{place}{under}")


def final_rows(code):
    found, starts, pending = [], {}, None
    for item in dis.get_instructions(code):
        pending = item.offset if pending is None else pending
        if item.opname == "EXTENDED_ARG":
            continue
        starts[pending] = len(found)
        found.append((pending, item))
        pending = None
    entries = dis._parse_exception_table(code)
    rows = []
    for offset, item in found:
        target = starts[item.jump_target] if item.jump_target is not None else None
        covers = (entry for entry in entries if entry.start <= offset < entry.end)
        handler = next((starts[entry.target] for entry in covers), None)
        place = item.positions
        place = place_text(place.lineno, place.end_lineno, place.col_offset, place.end_col_offset)
        rows.append((item.opname, item.arg or 0, place, target, handler))
    return rows


def print_listing(path, name):
    with open(path, "rb") as file:
        module = Module(name, file.read())
    for rows, consts, code in module.units():
        print(f"unit {code.co_name} {code.co_qualname}")
        positional = code.co_argcount - code.co_posonlyargcount
        print(f"given flags {code.co_flags}")
        print(f"given firstlineno {code.co_firstlineno}")
        print(f"given parameters {positional} {code.co_posonlyargcount} {code.co_kwonlyargcount}")
        for title, names in (
            ("varnames", code.co_varnames), ("cellvars", cells_of(code)), ("freevars", sorted(code.co_freevars)),
            ("hidden", hidden_of(code)), ("names", code.co_names),
        ):  # fmt: skip
            print(" ".join((f"given {title}", *names)))
        for constant in consts:
            print(f"given const {const_text(constant)}")
        print("given sequence")
        print_rows([
            (name, oparg, place_text(*place), oparg if has_target else None, None)
            for name, oparg, *place, has_target in rows
        ])  # fmt: skip
        print(f"expected stacksize {code.co_stacksize}")
        for constant in code.co_consts:
            print(f"expected const {const_text(constant)}")
        print(f"expected bytes {code.co_code.hex()}")
        print(f"expected linetable {code.co_linetable.hex()}")
        print(f"expected exceptiontable {code.co_exceptiontable.hex()}")
        print("expected code")
        print_rows(final_rows(code))
        print()


def main():
    warnings.simplefilter("ignore")
    match sys.argv[1:]:
        case ["dump", out, *paths]:
            dump(out, paths)
        case ["list", path, name]:
            print_listing(path, name)
        case _:
            sys.exit(__doc__)
    sys.stdout.flush()
    # 3.14 can crash when it takes the sequences apart at its exit.
    os._exit(0)


main()
