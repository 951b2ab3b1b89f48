"""What bazel_skylib's lib/dicts.bzl, collections.bzl, types.bzl, structs.bzl and shell.bzl offer."""

def _add(*dictionaries, **more):
    result = {}
    for dictionary in dictionaries:
        result.update(dictionary)
    result.update(more)
    return result

def _omit(dictionary, keys):
    return {key: value for key, value in dictionary.items() if key not in keys}

def _pick(dictionary, keys, strict = True):
    if strict:
        for key in keys:
            if key not in dictionary:
                fail("Key '%s' is not in the dictionary" % str(key))
    return {key: dictionary[key] for key in keys if key in dictionary}

dicts = struct(add = _add, omit = _omit, pick = _pick)

def _after_each(separator, iterable):
    return [part for item in iterable for part in (item, separator)]

def _before_each(separator, iterable):
    return [part for item in iterable for part in (separator, item)]

def _uniq(iterable):
    return {item: None for item in iterable}.keys()

collections = struct(after_each = _after_each, before_each = _before_each, uniq = _uniq)

def _is(name):
    def check(value):
        return type(value) == name

    return check

types = struct(
    is_bool = _is("bool"),
    is_depset = _is("depset"),
    is_dict = _is("dict"),
    is_function = _is("function"),
    is_int = _is("int"),
    is_list = _is("list"),
    is_none = _is("NoneType"),
    is_string = _is("string"),
    is_tuple = _is("tuple"),
)

def _to_dict(value):
    return {name: getattr(value, name) for name in dir(value) if name not in ("to_json", "to_proto")}

structs = struct(to_dict = _to_dict)

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _array_literal(items):
    return "(" + " ".join([_quote(str(item)) for item in items]) + ")"

shell = struct(array_literal = _array_literal, quote = _quote)
