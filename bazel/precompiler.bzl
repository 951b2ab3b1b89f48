"""The rule that makes a prepyc-worker binary a precompiler target, and the flag for its execution requirements."""

ExecutionRequirementsInfo = provider(
    doc = "The value of an `execution_requirements` flag.",
    fields = {"requirements": "dict of string to string: what `testing.ExecutionInfo` is to say."},
)

def _execution_requirements_impl(ctx):
    requirements = {}
    for value in ctx.build_setting_value:
        if not value.strip():
            continue
        key, equals, text = value.partition("=")
        if not equals:
            fail("{}: {} is not of the form key=value".format(ctx.label, repr(value)))
        requirements[key] = text
    return [ExecutionRequirementsInfo(requirements = requirements)]

execution_requirements_flag = rule(
    implementation = _execution_requirements_impl,
    doc = """A repeatable flag whose values are `key=value`. Blank values are skipped, so one of those alone clears the default;
a value is split at its first `=`.""",
    build_setting = config.string_list(flag = True, repeatable = True),
)

def _quote(argument):
    return "'" + argument.replace("'", "'\\''") + "'"

def _prepyc_precompiler_impl(ctx):
    binary = ctx.attr.binary[DefaultInfo].files_to_run.executable or ctx.file.binary
    suffix = ".exe" if binary.extension == "exe" else ""
    tools = [target[DefaultInfo].files for target in ctx.attr.data]

    if ctx.attr.worker_args:
        if suffix:
            fail("{}: worker_args needs a launcher script, which Windows does not run".format(ctx.label))

        # rules_python calls the executable with arguments and an environment of its own. What is always to be passed
        # therefore has to stand in the executable: a script beside the binary, replaced by it at once.
        program = ctx.actions.declare_file("{}_/{}".format(ctx.label.name, binary.basename))
        executable = ctx.actions.declare_file(ctx.label.name)
        arguments = [
            _quote(ctx.expand_make_variables("worker_args", ctx.expand_location(argument, ctx.attr.data), {}))
            for argument in ctx.attr.worker_args
        ]
        ctx.actions.write(
            output = executable,
            content = "#!/bin/sh\nexec \"${{0%/*}}/{}_/{}\" {} \"$@\"\n".format(
                ctx.label.name,
                binary.basename,
                " ".join(arguments),
            ),
            is_executable = True,
        )
        files = [executable, program]
    else:
        program = ctx.actions.declare_file(ctx.label.name + suffix)
        executable = program
        files = [executable]
    ctx.actions.symlink(output = program, target_file = binary, is_executable = True)

    runfiles = ctx.runfiles(files = files, transitive_files = depset(transitive = tools))
    runfiles = runfiles.merge_all([
        target[DefaultInfo].default_runfiles
        for target in [ctx.attr.binary] + ctx.attr.data
    ])
    return [
        DefaultInfo(
            executable = executable,
            files = depset(files, transitive = tools),
            runfiles = runfiles,
        ),
        testing.ExecutionInfo(
            requirements = ctx.attr.execution_requirements[ExecutionRequirementsInfo].requirements,
        ),
    ]

prepyc_precompiler = rule(
    implementation = _prepyc_precompiler_impl,
    doc = "A precompiler for rules_python's `py_exec_tools_toolchain`: prepyc-worker, and how Bazel may run it.",
    attrs = {
        "binary": attr.label(
            doc = "prepyc-worker: a file or an executable target.",
            allow_single_file = True,
            mandatory = True,
        ),
        "data": attr.label_list(
            doc = "What `worker_args` refers to, such as an interpreter. Inputs of every compile action.",
            allow_files = True,
        ),
        "execution_requirements": attr.label(
            doc = "An `execution_requirements_flag`: whether Bazel may run this as a worker, and of which kind.",
            default = "//:execution_requirements",
            providers = [ExecutionRequirementsInfo],
        ),
        "worker_args": attr.string_list(
            doc = """Arguments for every call, before Bazel's own. `$(execpath LABEL)` stands for a file of `data`, and make
variables for what the targets in `toolchains` define. Each entry is one argument, whatever blanks it has.""",
        ),
    },
    executable = True,
)
