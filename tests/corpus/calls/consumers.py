def plain(parts):
    if not all(1 <= len(part) <= 2 for part in parts):
        return tuple(part for part in parts if part)
    return any(x for y in parts for x in y) or tuple((part for part in parts), key=1)


async def asynchronous(parts):
    all(part async for part in parts)
    any(await part for part in parts)
    return tuple(part for part in [x async for x in parts])


def nested(all):
    return all(any(tuple(x for x in y) for y in z) for z in all)


class Body:
    items = tuple(__class__ for _ in x)
