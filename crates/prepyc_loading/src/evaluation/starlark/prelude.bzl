"""Symbolic macros and the attributes they declare, as .bzl files have them."""

def _attribute(kind, nothing):
    """A function of `attr`."""

    def declare(*_args, default = None, mandatory = False, **_rest):
        return struct(
            default = nothing if default == None else default,
            kind = kind,
            mandatory = mandatory,
        )

    return declare

attr = struct(
    bool = _attribute("bool", False),
    int = _attribute("int", 0),
    int_list = _attribute("int_list", []),
    label = _attribute("label", None),
    label_keyed_string_dict = _attribute("label_keyed_string_dict", {}),
    label_list = _attribute("label_list", []),
    label_list_dict = _attribute("label_list_dict", {}),
    license = _attribute("license", None),
    output = _attribute("output", None),
    output_list = _attribute("output_list", []),
    string = _attribute("string", ""),
    string_dict = _attribute("string_dict", {}),
    string_keyed_label_dict = _attribute("string_keyed_label_dict", {}),
    string_list = _attribute("string_list", []),
    string_list_dict = _attribute("string_list_dict", {}),
)

def _label(value):
    return native.package_relative_label(value) if type(value) == "string" else value

def _converted(kind, value):
    """A value with labels in place of texts, where the attribute takes labels."""
    if kind == "label":
        return _label(value)
    if kind == "label_list" and type(value) == "list":
        return [_label(item) for item in value]
    if kind == "label_keyed_string_dict" and type(value) == "dict":
        return {_label(key): item for key, item in value.items()}
    if kind == "string_keyed_label_dict" and type(value) == "dict":
        return {key: _label(item) for key, item in value.items()}
    return value

def macro(*, implementation, attrs = {}, inherit_attrs = None, finalizer = False, doc = None):
    """A symbolic macro. What it is called with is checked against its attributes; its targets are those of the package."""
    inherited = [name for name in inherited_attributes(inherit_attrs) if name not in attrs and name != "visibility"]

    def instance(name, visibility = None, **given):
        values = {}
        for key in inherited:
            values[key] = given.pop(key, None)
        for key, attribute in attrs.items():
            value = given.pop(key, None)
            if attribute == None:
                continue
            if value == None:
                if attribute.mandatory:
                    fail("%s: missing value for mandatory attribute '%s' of the macro" % (name, key))
                value = attribute.default
            values[key] = _converted(attribute.kind, value)
        for key in given:
            fail("%s: no such attribute '%s' in the macro" % (name, key))
        if visibility == None:
            visibility = native.package_default_visibility()
        implementation(name = name, visibility = visibility, **values)

    return instance
