"""A module with annotations that may not run."""

first: int = 1
second: list[
    first
]
if first:
    third: str = "x"
for fourth in []:
    fifth: fourth


class Always:
    one: int
    two: "str" = ""
    (three): float
    four.five: one

    def method(self, a: one, *args: two, b: Always = None) -> two:
        local: undefined
        local_call().attribute: f()
        return a


class Sometimes:
    one: int
    try:
        two: str
    except E:
        three: bytes
    while one:
        with two:
            four: one
    match one:
        case 1:
            five: two

    class Inner:
        six: __class__
        seven: [x for x in one]


def function():
    class Local:
        captured: function
        if captured:
            again: Local
    return Local
