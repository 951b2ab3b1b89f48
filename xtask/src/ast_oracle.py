"""Says what this Python's parser makes of files: of each in turn a digest of its tree, or the error.

Arguments: a file with a path a line; where to write; `digest` or `dump`. A result is a line of fields with tabs between
them: `ok` and the SHA-256 of `ast.dump`, or `error`, the exception's name and place, and its message as `ascii` shows it.
"""

import ast
import hashlib
import sys
import warnings


def judge(source, mode):
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        place = [error.lineno, error.offset, error.end_lineno, error.end_offset]
        fields = ["error", type(error).__name__, *["-" if part is None else str(part) for part in place]]
        return "\t".join([*fields, ascii(error.msg)])
    except (ValueError, MemoryError, RecursionError) as error:
        return "\t".join(["error", type(error).__name__, "-", "-", "-", "-", ascii(str(error))])
    # What is printable differs by version, hence ASCII only.
    text = ast.dump(tree, include_attributes=True).encode("ascii", "backslashreplace")
    return "ok\t" + (text.decode() if mode == "dump" else hashlib.sha256(text).hexdigest())


def main():
    paths, out, mode = sys.argv[1:]
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    sys.set_int_max_str_digits(4300)
    with open(paths, encoding="utf-8") as lines, open(out, "w", encoding="ascii") as results:
        for line in lines:
            with open(line.rstrip("\n"), "rb") as file:
                source = file.read()
            try:
                result = judge(source, mode)
            except ValueError:
                # A tree with an integer that only hexadecimal could write.
                sys.set_int_max_str_digits(0)
                result = judge(source, mode)
                sys.set_int_max_str_digits(4300)
            except RecursionError:
                result = "error\tDump\t-\t-\t-\t-\t''"
            results.write(result + "\n")


main()
