# assert with and without message, and with constants.


def f(a):
    assert a
    assert a, "message"
    assert a and not a, f"{a}"
    assert 1
    assert not 1, "no"
    assert a if a else 0
