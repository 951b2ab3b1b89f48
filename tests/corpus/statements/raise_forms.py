# raise in its forms.


def f(a):
    if a: raise
    if a: raise a
    if a: raise a from None
    raise a(1) from b


try: raise E
except E: raise
