"""Asks the interpreter that runs it what its bytecode is, and writes the answer as JSON to the file named.

Nothing here says how an instruction is meant: it is shown to `dis` with every oparg from 0 to 255, and what `dis`
makes of it is the fact. `cargo xtask gen` reads the facts and makes tables of them.
"""
import dis
import importlib.util
import json
import marshal
import opcode
import sys

OPARGS = range(256)
FEW = 16
CACHES = opcode._inline_cache_entries
# Put into running code by the interpreter, never by a compiler; a code object made with one is dangerous to look at.
NEVER_COMPILED = ("INSTRUMENTED_", "ENTER_EXECUTOR", "TRACE_RECORD", "RESERVED")


def caches(name, number):
    """Code units after the instruction that hold its inline cache."""
    if hasattr(CACHES, "get"):
        return CACHES.get(name, 0)
    return CACHES[number] if number < len(CACHES) else 0


def has_oparg(number):
    return number in dis.hasarg if hasattr(dis, "hasarg") else number >= dis.HAVE_ARGUMENT


def probe(number, oparg, padding=300):
    """The instruction as `dis` shows it, in the middle of a function with enough names, locals and constants."""
    code = (lambda: 0).__code__
    nop = bytes([dis.opmap["NOP"], 0])
    unit = bytes([number, oparg]) + bytes(2 * caches(dis.opname[number], number))
    code = code.replace(
        co_code=nop * padding + unit + nop * padding,
        co_consts=tuple(range(1000, 1256)),
        co_names=tuple(f"n{index}" for index in OPARGS),
        co_varnames=tuple(f"v{index}" for index in OPARGS),
        co_nlocals=len(OPARGS),
        co_linetable=b"",
        co_exceptiontable=b"",
    )
    for instruction in dis.get_instructions(code):
        if instruction.offset == 2 * padding:
            return instruction


def shown(number, oparg):
    """The text `dis` adds to the oparg; None where the oparg means nothing."""
    try:
        return probe(number, oparg).argrepr
    except (IndexError, KeyError, AssertionError):
        return None


def jump(number):
    """Where the instruction jumps with oparg 5: how many code units on from the next instruction."""
    instruction = probe(number, 5)
    return (instruction.argval - instruction.offset) // 2 - 1 - caches(instruction.opname, number)


def effects(number, oparg_allowed):
    """How the stack grows: one number, or one for each oparg; then the same for when it jumps, if that differs."""

    def effect(oparg, jumps):
        try:
            return dis.stack_effect(number, oparg if oparg_allowed else None, jump=jumps)
        except ValueError:
            return None

    def all_effects(jumps):
        values = [effect(oparg, jumps) for oparg in range(FEW + 1)]
        high = [effect(256 * oparg, jumps) for oparg in range(4)]
        if len(set(values + high)) == 1:
            return values[0]
        return {"low": values, "high": high}

    stays, jumps = all_effects(False), all_effects(True)
    return {"effect": stays} if stays == jumps else {"effect": stays, "jump_effect": jumps}


def sets(number):
    names = "const name local free compare exc".split()
    found = [name for name in names if number in getattr(dis, "has" + name, ())]
    if number in dis.hasjrel or number in dis.hasjabs:
        found.append("jump")
    return found


def texts(number, indexes):
    """What `dis` shows for each oparg: few examples if it is an index, else all, without what only repeats."""
    if indexes:
        return {"shown": [shown(number, oparg) for oparg in [*range(FEW), 0x53]]}
    found = [shown(number, oparg) for oparg in OPARGS]
    if not any(found):
        return {}
    for period in (2, 4, 8, 16, 32):
        if found == found[:period] * (len(found) // period):
            return {"shown": found[:period], "beyond": "period"}
    if found[-1] is None:
        while found[-1] is None:
            found.pop()
        return {"shown": found, "beyond": "nothing"}
    while found[-1] == found[-2]:
        found.pop()
    return {"shown": found, "beyond": "last"}


def describe(name, number):
    oparg_allowed = has_oparg(number)
    fact = {"name": name, "number": number, "caches": caches(name, number), "oparg": oparg_allowed}
    fact["sets"] = sets(number)
    fact.update(effects(number, oparg_allowed))
    if not oparg_allowed or number > 255:
        return fact
    if "jump" in fact["sets"]:
        fact["jump"] = jump(number)
    else:
        fact.update(texts(number, bool({"name", "local", "free", "const"} & set(fact["sets"]))))
    return fact


def common_constant(value):
    return value.__name__ if hasattr(value, "__name__") else repr(value)


def unprintable():
    """The ranges of code points that `repr` escapes: what this version's Unicode does not know, or has no picture of."""
    ranges = []
    for code_point in range(sys.maxunicode + 1):
        if chr(code_point).isprintable():
            continue
        if ranges and ranges[-1][1] == code_point - 1:
            ranges[-1][1] = code_point
        else:
            ranges.append([code_point, code_point])
    return ranges


def facts():
    opmap = {name: number for name, number in dis.opmap.items() if not name.startswith(NEVER_COMPILED)}
    return {
        "python": sys.version.split()[0],
        "magic": int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
        "marshal_version": marshal.version,
        "source_hash_of_hello": importlib.util.source_hash(b"hello").hex(),
        "compare_ops": list(opcode.cmp_op),
        "binary_ops": opcode._nb_ops,
        "intrinsics_1": getattr(opcode, "_intrinsic_1_descs", []),
        "intrinsics_2": getattr(opcode, "_intrinsic_2_descs", []),
        "special_methods": getattr(opcode, "_special_method_names", []),
        "common_constants": [common_constant(value) for value in getattr(opcode, "_common_constants", [])],
        "code_flags": {str(bit): name for bit, name in sorted(dis.COMPILER_FLAG_NAMES.items())},
        "unprintable": unprintable(),
        "opcodes": [describe(name, number) for name, number in sorted(opmap.items(), key=lambda item: item[1])],
    }


def write(value, file):
    """One line for each entry, so that a difference between versions can be read."""
    lines = []
    for key, entry in value.items():
        if key in ("opcodes", "binary_ops"):
            rows = ",\n".join("    " + json.dumps(row) for row in entry)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(entry)}")
    file.write("{\n" + ",\n".join(lines) + "\n}\n")


with open(sys.argv[1], "w") as out:
    write(facts(), out)
