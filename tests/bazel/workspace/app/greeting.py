from dependency_lib import punctuation
from app.naïve.größe import größe


def compose(name: str) -> str:
    text = f"hello, {name}{punctuation.MARK}"
    return f"{text} ({größe(text)} letters)"
