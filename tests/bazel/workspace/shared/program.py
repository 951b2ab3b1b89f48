"""The program: it says what its libraries say."""

from shared.library import words
from shared.library.naïve import größe
from shared.omitted import hidden

print(words.GREETING, größe.größer(41), hidden.reveal())
