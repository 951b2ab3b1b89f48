"""py_library, as far as the packages below //shared use it."""

load("@prepyc_e2e//rules:python.bzl", "precompiled_library")

def py_library(name, precompile_source_retention = "keep_source", **kwargs):
    precompiled_library(name = name, omit_source = precompile_source_retention == "omit_source", **kwargs)
