"one"
"two"
"three"


class Class:
    "one"
    "two"

    def method():
        "one"
        "two"
        "three"


class Empty:
    ""
    """"""
