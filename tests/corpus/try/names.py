# The name of a handler is deleted on every way out, wherever it lives.
try: a
except E as e: b


def f():
    global g
    try: a
    except E as g: pass
    try: a
    except E as c:
        return lambda: c


class C:
    try: a
    except E as __m: del __m
