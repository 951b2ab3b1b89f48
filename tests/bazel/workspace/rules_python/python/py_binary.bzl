"""py_binary, as far as the packages below //shared use it: the first of `srcs` is the program."""

load("@prepyc_e2e//rules:python.bzl", "precompiled_binary")

def py_binary(name, precompile_source_retention = "keep_source", pyc_collection = None, **kwargs):
    precompiled_binary(name = name, omit_source = precompile_source_retention == "omit_source", **kwargs)
