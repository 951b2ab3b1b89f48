# A call over many lines: places of arguments and of the call.
result = function_name(
    first_argument,
    second_argument.attribute,
    *starred,
    keyword=(
        value
        + other
    ),
    **{
        "a": 1,
    },
).method(
    x,
)
