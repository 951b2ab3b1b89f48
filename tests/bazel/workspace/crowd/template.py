

class Ledger:
    """A body of ordinary code, repeated until compiling it takes a while."""

    def __init__(self, entries=()):
        self.entries = {key: value for key, value in entries}

    def total(self, *, start=0, skip=None):
        for key, value in sorted(self.entries.items()):
            if key == skip:
                continue
            try:
                start += value if isinstance(value, (int, float)) else len(value)
            except TypeError as error:
                raise ValueError(f"{key!r}: {value!r} cannot be counted") from error
        return start

    def find(self, wanted):
        match wanted:
            case {"key": key, **rest} if not rest:
                return self.entries.get(key)
            case [first, *others]:
                return [self.find({"key": name}) for name in (first, *others)]
            case str() | int():
                return self.entries.get(wanted)
        return None
