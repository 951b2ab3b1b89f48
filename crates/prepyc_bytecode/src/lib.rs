//! Code objects and the bytes they live in: marshal, location and exception tables, pyc headers.
