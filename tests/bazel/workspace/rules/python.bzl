"""Python rules that ask for precompiling exactly as rules_python does, and do nothing else it does.

docs/precompiling.md section 7 is the contract of the PyCompile action.
"""

PythonVersionInfo = provider(doc = "The Python programs run on.", fields = {"version": "MAJOR.MINOR"})

PrecompiledInfo = provider(
    doc = "What a library hands to the programs that use it.",
    fields = {
        "files": "depset of File: the pycs, and the sources where they are kept",
        "imports": "depset of string: folders below the runfiles for sys.path",
    },
)

def _python_version_flag_impl(ctx):
    return [PythonVersionInfo(version = ctx.build_setting_value)]

python_version_flag = rule(
    implementation = _python_version_flag_impl,
    build_setting = config.string(flag = True),
)

def _precompile(ctx, source):
    version = ctx.attr._python_version[PythonVersionInfo].version
    precompiler = ctx.attr._precompiler
    stem = source.basename.removesuffix(".py")
    if ctx.attr.omit_source:
        path = stem + ".pyc"
    else:
        path = "__pycache__/{}.cpython-{}.pyc".format(stem, version.replace(".", ""))
    pyc = ctx.actions.declare_file(path, sibling = source)

    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--invalidation_mode", "checked_hash")
    args.add("--src", source)
    args.add("--src_name", source.short_path)
    args.add("--pyc", pyc)
    args.add("--optimize", "0")
    args.add("--python_version", version)
    ctx.actions.run(
        executable = precompiler[DefaultInfo].files_to_run,
        arguments = [args],
        inputs = [source],
        outputs = [pyc],
        env = {
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
        },
        execution_requirements = precompiler[testing.ExecutionInfo].requirements,
        mnemonic = "PyCompile",
        progress_message = "Python precompiling %{input} into %{output}",
    )
    return pyc

def _library(ctx):
    pycs = [_precompile(ctx, source) for source in ctx.files.srcs]
    kept = [] if ctx.attr.omit_source else ctx.files.srcs
    return pycs, PrecompiledInfo(
        files = depset(pycs + kept, transitive = [dep[PrecompiledInfo].files for dep in ctx.attr.deps]),
        imports = depset(
            [ctx.label.workspace_name or ctx.workspace_name],
            transitive = [dep[PrecompiledInfo].imports for dep in ctx.attr.deps],
        ),
    )

def _precompiled_library_impl(ctx):
    _, info = _library(ctx)
    return [DefaultInfo(files = info.files), info]

def _precompiled_binary_impl(ctx):
    pycs, info = _library(ctx)
    main = pycs[0] if ctx.attr.omit_source else ctx.files.srcs[0]
    launcher = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(launcher, is_executable = True, content = """\
#!/bin/sh
runfiles=$0.runfiles
PYTHONPATH={imports} PYTHONDONTWRITEBYTECODE=1 exec python3 "$runfiles/{workspace}/{main}"
""".format(
        imports = ":".join(["$runfiles/" + path for path in info.imports.to_list()]),
        workspace = ctx.workspace_name,
        main = main.short_path,
    ))
    return [
        DefaultInfo(
            executable = launcher,
            files = depset([launcher], transitive = [info.files]),
            runfiles = ctx.runfiles(transitive_files = info.files),
        ),
    ]

_ATTRS = {
    "deps": attr.label_list(providers = [PrecompiledInfo]),
    "omit_source": attr.bool(doc = "Whether the pycs stand in the sources' places."),
    "srcs": attr.label_list(allow_files = [".py"]),
    "_precompiler": attr.label(default = Label("//:precompiler"), cfg = "exec", executable = True),
    "_python_version": attr.label(default = Label("//rules:python_version")),
}

precompiled_library = rule(implementation = _precompiled_library_impl, attrs = _ATTRS)

# The first of `srcs` is the program.
precompiled_binary = rule(implementation = _precompiled_binary_impl, attrs = _ATTRS, executable = True)
