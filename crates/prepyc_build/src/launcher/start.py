def _start():
    # Puts the runfiles first on sys.path and returns the code of the main file, to run in this very module: it is __main__.
    import os
    import sys
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    main, module, imports = @CONFIGURATION@
    runfiles = os.environ.get("RUNFILES_DIR")
    if runfiles is None:
        # Started as `python FILE`, past the shell.
        runfiles = os.environ["RUNFILES_DIR"] = os.path.abspath(__file__) + ".runfiles"
        if not os.path.isdir(runfiles):
            sys.exit(f"{sys.argv[0]}: there are no runfiles at {runfiles}")
    entries = [os.path.join(runfiles, *path.split("/")) if path else runfiles for path in imports]
    os.environ["PYTHONPATH"] = os.pathsep.join(entries + [path for path in [os.environ.get("PYTHONPATH")] if path])
    if not getattr(sys.flags, "safe_path", sys.flags.isolated):
        # This file's folder, links resolved: no place for imports.
        del sys.path[0]
        if main:
            entries.insert(0, os.path.dirname(os.path.join(runfiles, main)))
    sys.path[:] = list(dict.fromkeys(entries + sys.path))

    if main:
        name, spec, package, cached = "__main__", None, None, None
        path = os.path.join(runfiles, *main.split("/"))
        loader = (SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader)(name, path)
    else:
        from importlib.util import find_spec

        spec = find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            module += ".__main__"
            spec = find_spec(module)
        if spec is None or not hasattr(spec.loader, "get_code"):
            sys.exit(f"{sys.argv[0]}: no module {module} to run")
        name, package, cached, path, loader = spec.name, spec.parent, spec.cached, spec.origin, spec.loader

    # Python caches what is imported, never the file that it is told to run.
    dont_write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        code = loader.get_code(name)
    except ImportError as error:
        python = "%d.%d" % sys.version_info[:2]
        sys.exit(f"{sys.argv[0]}: {path}: {error}; it was not compiled for the Python that runs it, which is {python} ({sys.executable})")
    sys.dont_write_bytecode = dont_write_bytecode
    sys.argv[0] = path
    names = globals()
    names.pop("shell", None)
    del names["_start"]
    names.update(__file__=path, __cached__=cached, __loader__=loader, __package__=package, __spec__=spec, __doc__=None)
    return code


exec(_start())
