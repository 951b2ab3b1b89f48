"""What is said."""

GREETING = "hello"
SEEN = {"a": (1, 2.5, b"bytes", frozenset({"x", "y"})), "b": [n * n for n in range(4)]}


class Speaker:
    """Says it."""

    volume: int = 3

    def say(self, *words: str, loud: bool = False) -> str:
        text = " ".join(f"{word!s}" for word in words)
        assert text, "nothing to say"
        return text.upper() if loud else text
