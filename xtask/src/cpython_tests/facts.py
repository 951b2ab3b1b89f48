"""Prints what a copy of the running interpreter's installation is made of, one path a line.

Its standard library, the executable itself, and the loader and the folder of the C library it was started with: where that
is the system's own, the copy needs neither, and both lines are empty.
"""

import os
import sys
import sysconfig

print(sysconfig.get_path("stdlib"))
with open("/proc/self/maps") as maps:
    files = list(dict.fromkeys(line.split(maxsplit=5)[5].strip() for line in maps if " /" in line))
name = f"python{sys.version_info.major}.{sys.version_info.minor}"
print(next(file for file in files if os.path.basename(file) == name))
started = os.readlink("/proc/self/exe")
libraries = [os.path.dirname(file) for file in files if os.path.basename(file) == "libc.so.6"]
own = os.path.basename(started) != name
print(started if own else "")
print(libraries[0] if own else "")
