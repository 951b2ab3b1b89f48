"""What bazel_skylib's lib/selects.bzl offers."""

def _with_or_dict(branches):
    plain = {}
    for condition, value in branches.items():
        for key in (condition if type(condition) == "tuple" else (condition,)):
            if key in plain:
                fail("the key %s appears multiple times" % str(key))
            plain[key] = value
    return plain

def _with_or(branches, no_match_error = ""):
    return select(_with_or_dict(branches), no_match_error = no_match_error)

def _config_setting_group(name, match_any = [], match_all = [], visibility = None):
    if bool(match_any) == bool(match_all):
        fail("config_setting_group %s takes either match_any or match_all" % name)
    config_setting_group(name = name, match_all = match_all or None, match_any = match_any or None, visibility = visibility)

selects = struct(
    config_setting_group = _config_setting_group,
    with_or = _with_or,
    with_or_dict = _with_or_dict,
)
