# Docstrings are cleaned as UTF-8, which has no surrogates.
async def g():
    "a\ud800\udfff"
    yield
