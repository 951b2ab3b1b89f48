"""Compiles what it is sent, in the interpreter that runs it: requests on standard input, answers on standard output.

A request is a level (one byte), the lengths of a file name and of a source (four bytes each, little-endian), and both.
An answer is a kind (one byte), a length, and bytes: "C" with the code's marshal, or "E" with the exception's class,
line and message, one a line.
"""

import marshal
import sys
import warnings

warnings.simplefilter("ignore")
requests, answers = sys.stdin.buffer, sys.stdout.buffer
while header := requests.read(9):
    level = header[0]
    name = requests.read(int.from_bytes(header[1:5], "little")).decode()
    source = requests.read(int.from_bytes(header[5:9], "little"))
    try:
        code = compile(source, name, "exec", dont_inherit=True, optimize=level)
        kind, answer = b"C", marshal.dumps(code)
    except Exception as error:
        line = max(getattr(error, "lineno", None) or 0, 0)
        words = " ".join(str(getattr(error, "msg", None) or error).splitlines())
        text = f"{type(error).__name__}\n{line}\n{words}"
        kind, answer = b"E", text.encode("utf-8", "backslashreplace")
    answers.write(kind + len(answer).to_bytes(4, "little") + answer)
    answers.flush()
