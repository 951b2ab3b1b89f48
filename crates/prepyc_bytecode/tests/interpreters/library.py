"""Prints the folder of the standard library."""
import os

print(os.path.dirname(os.__file__), end="")
