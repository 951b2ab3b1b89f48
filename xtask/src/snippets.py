"""Sources out of strings in CPython's own tests, and what the interpreter that runs this makes of each.

extract OUT FILES…   writes the sources, one a line, escaped
judge SOURCES OUT    writes a line of verdict for each of them
"""

import ast
import doctest
import re
import sys
import textwrap
import warnings

LONGEST = 300
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\\n\t]")


def escape(text):
    def one(match):
        character = match.group()
        named = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
        code = ord(character)
        if named:
            return named
        if 0xDC80 <= code <= 0xDCFF:
            return f"\\x{code - 0xDC00:02x}"
        return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))

    return CONTROL.sub(one, text)


def unescape(line):
    named = {b"\\": b"\\", b"n": b"\n", b"t": b"\t", b"r": b"\r"}

    def one(match):
        return named.get(match.group(1)) or bytes([int(match.group(1)[1:], 16)])

    return re.sub(rb"\\(x[0-9a-f]{2}|.)", one, line)


def strings(tree):
    """Constants that stand for themselves, not pieces of an f-string."""
    pieces = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr)))
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in pieces:
            yield node.value


def sources_of(value):
    if isinstance(value, bytes):
        yield value.decode("utf-8", "surrogateescape")
        return
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        return
    if ">>> " in value:
        try:
            yield from (example.source for example in doctest.DocTestParser().get_examples(value))
        except ValueError:
            pass
        return
    yield value
    dedented = textwrap.dedent(value)
    if dedented != value:
        yield dedented


def is_like_code(text):
    return 2 < len(text) <= LONGEST and re.search(r"[\n=()\[\]{}:;'\"@.*+<>#\\]|\b(is|in|not|import|return)\b", text)


def extract(out, files):
    found = {}
    for file in files:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
        for value in strings(tree):
            for text in sources_of(value):
                if is_like_code(text):
                    found[escape(text)] = None
    with open(out, "w", encoding="utf-8") as result:
        result.writelines(line + "\n" for line in found)


def number(value):
    return "-" if value is None else str(value)


def judge_one(source):
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        try:
            compile(source, "snippet", "exec", dont_inherit=True, optimize=0)
            fields = ["ok"]
        except SyntaxError as error:
            place = (error.lineno, error.offset, error.end_lineno, error.end_offset)
            fields = ["error", type(error).__name__, *map(number, place), escape(error.msg)]
        except Exception as error:
            fields = ["error", type(error).__name__, "-", "-", "-", "-", escape(str(error))]
    seen = {}
    for warning in issued:
        seen[f"{warning.category.__name__}:{warning.lineno}:{escape(str(warning.message))}"] = None
    return "\t".join([*fields, *seen])


def judge(sources, out):
    with open(sources, "rb") as lines, open(out, "w", encoding="utf-8", errors="surrogatepass") as result:
        for line in lines.read().split(b"\n")[:-1]:
            result.write(judge_one(unescape(line)) + "\n")


if sys.argv[1] == "extract":
    extract(sys.argv[2], sys.argv[3:])
else:
    judge(*sys.argv[2:])
