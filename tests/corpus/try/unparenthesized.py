# except A, B: is Python 3.14's.
try: a
except A, B: b
try: a
except* A, B: b
