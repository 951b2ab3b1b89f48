"""Times what it is told: loading the code of modules, or importing what a main file imports. Writes JSON to a file."""

import ast
import json
import os
import sys
import time
from importlib.machinery import SourceFileLoader, SourcelessFileLoader

with open(sys.argv[1], encoding="utf-8") as file:
    task = json.load(file)
sys.path[:] = list(dict.fromkeys(task["folders"] + sys.path[1:]))
sys.argv[:] = [task["main"] or ""]


def load():
    failed = 0
    loaders = [
        (SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader)("m", path) for path in task["modules"]
    ]
    start = time.perf_counter()
    for loader in loaders:
        try:
            loader.get_code("m")
        except Exception:
            failed += 1
    return {"seconds": time.perf_counter() - start, "failed": failed}


def statements(body):
    """The imports that running the module runs: not those in functions, nor what only a checker of types or a script sees."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and not any(
            getattr(part, "id", getattr(part, "attr", "")) in ("__name__", "TYPE_CHECKING") for part in ast.walk(node.test)
        ):
            yield from statements(node.body + node.orelse)
        elif isinstance(node, (ast.Try, ast.With)):
            yield from statements(node.body)


def wanted():
    try:
        with open(task["main_source"], "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, TypeError):
        return None
    found = []
    for node in statements(tree.body):
        if isinstance(node, ast.Import):
            found.extend((alias.name, ()) for alias in node.names)
        elif node.level == 0:
            found.append((node.module, tuple(alias.name for alias in node.names)))
        elif task["package"]:
            parents = task["package"].rsplit(".", node.level - 1)[0]
            name = f"{parents}.{node.module}" if node.module else parents
            found.append((name, tuple(alias.name for alias in node.names)))
    return list(dict.fromkeys(found))


def run():
    names = wanted()
    if names is None:
        return None
    before = set(sys.modules)
    failures = []
    start = time.perf_counter()
    for name, parts in names:
        try:
            __import__(name, None, None, parts)
        except BaseException as error:
            failures.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:300]})
    seconds = time.perf_counter() - start
    specs = [getattr(sys.modules[name], "__spec__", None) for name in sorted(set(sys.modules) - before)]
    root = task["root"]
    ours = [spec for spec in specs if str(getattr(spec, "origin", None)).startswith(root)]
    return {"seconds": seconds, "failures": failures, "imported": len(specs), "ours": len(ours), "pycs": len([spec for spec in ours if from_pyc(spec)])}


def from_pyc(spec):
    return spec.origin.endswith(".pyc") or bool(spec.cached and os.path.exists(spec.cached))


result = load() if task["what"] == "load" else run()
with open(task["result"], "w", encoding="utf-8") as file:
    json.dump(result, file)
# What was imported may have started threads: nobody waits for them.
os._exit(0)
