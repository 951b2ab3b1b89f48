"""What rules_python's python/pip.bzl offers to those who name repositories of distributions."""

def _normalize_name(name):
    return name.lower().replace("-", "_").replace(".", "_")

pip_utils = struct(normalize_name = _normalize_name)
