def _start():
    # Puts the archive's runfiles first on sys.path and returns the code of the main file, to run in this very module.
    import os
    import sys
    from zipimport import zipimporter

    main, module, imports = @CONFIGURATION@
    environment, magic, made_for = @ARCHIVE@
    archive = os.path.abspath(__loader__.archive)
    if magic:
        from importlib.util import MAGIC_NUMBER

        if MAGIC_NUMBER != magic:
            wanted = int.from_bytes(magic[:2], "little")
            sys.exit(f"{archive}: compiled for {made_for} (magic number {wanted}), without sources. Run it with {made_for}.")
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    runfiles = os.path.join(archive, "runfiles")
    entries = [os.path.join(runfiles, *path.split("/")) if path else runfiles for path in imports]
    os.environ["PYTHONPATH"] = os.pathsep.join(entries + [path for path in [os.environ.get("PYTHONPATH")] if path])
    folder, _, file = main.rpartition("/")
    folder = os.path.join(runfiles, *folder.split("/"))
    if main and not getattr(sys.flags, "safe_path", sys.flags.isolated):
        entries.insert(0, folder)
    # The first is the archive itself: nothing at its top is to be imported.
    sys.path[:] = list(dict.fromkeys(entries + sys.path[1:]))

    if main:
        name = file.rpartition(".")[0]
        spec, package, cached, loader = None, None, None, zipimporter(folder)
        path = loader.get_filename(name)
    else:
        from importlib.util import find_spec

        spec = find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            module += ".__main__"
            spec = find_spec(module)
        if spec is None or not hasattr(spec.loader, "get_code"):
            sys.exit(f"{archive}: no module {module} to run")
        name, package, cached, path, loader = spec.name, spec.parent, spec.cached, spec.origin, spec.loader

    code = loader.get_code(name)
    sys.argv[0] = path
    names = globals()
    del names["_start"]
    names.update(__file__=path, __cached__=cached, __loader__=loader, __package__=package, __spec__=spec, __doc__=None)
    return code


exec(_start())
