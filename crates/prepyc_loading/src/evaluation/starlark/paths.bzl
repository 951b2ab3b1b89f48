"""What bazel_skylib's lib/paths.bzl offers: Python's posixpath, as far as it goes there."""

def _basename(path):
    return path.rpartition("/")[-1]

def _dirname(path):
    head = path.rpartition("/")[0]
    if path.startswith("/") and not head:
        return "/"
    stripped = head.rstrip("/")
    return stripped or head

def _is_absolute(path):
    return path.startswith("/") or (len(path) > 2 and path[1] == ":")

def _join(path, *others):
    result = path
    for other in others:
        if _is_absolute(other):
            result = other
        elif not result or result.endswith("/"):
            result += other
        else:
            result += "/" + other
    return result

def _normalize(path):
    if not path:
        return "."
    slashes = 2 if path.startswith("//") and not path.startswith("///") else (1 if path.startswith("/") else 0)
    parts = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".." or not slashes:
            parts.append(part)
    return ("/" * slashes + "/".join(parts)) or "."

def _relativize(path, start):
    parts = [part for part in _normalize(path).split("/") if part != "."]
    above = [part for part in _normalize(start).split("/") if part != "."]
    if len(parts) < len(above) or parts[:len(above)] != above:
        fail("Path '%s' is not beneath '%s'" % (path, start))
    return "/".join(parts[len(above):])

def _split_extension(path):
    name = _basename(path)
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem.strip("."):
        return (path, "")
    return (path[:len(path) - len(extension) - 1], "." + extension)

def _replace_extension(path, extension):
    return _split_extension(path)[0] + extension

def _starts_with(path, start):
    return (_normalize(path) + "/").startswith(_normalize(start) + "/") if start else True

def _is_normalized(path, look_for_same_level_references = True):
    parts = path.split("/")
    return ".." not in parts and not (look_for_same_level_references and "." in parts)

paths = struct(
    basename = _basename,
    dirname = _dirname,
    is_absolute = _is_absolute,
    is_normalized = _is_normalized,
    join = _join,
    normalize = _normalize,
    relativize = _relativize,
    replace_extension = _replace_extension,
    split_extension = _split_extension,
    starts_with = _starts_with,
)
