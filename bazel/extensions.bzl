"""The module extension that brings in a prebuilt prepyc-worker from this machine."""

_BUILD = """\
exports_files(["{name}"])

alias(
    name = "worker",
    actual = "{name}",
    visibility = ["//visibility:public"],
)
"""

def _prepyc_worker_impl(repository_ctx):
    path = repository_ctx.attr.path or repository_ctx.getenv("PREPYC_WORKER", "")
    if not path:
        fail("no prepyc-worker named: write prepyc.worker(path = …) in MODULE.bazel, set PREPYC_WORKER in the " +
             "environment, or point --@prepyc//:worker at a target")
    if path[0] != "/" and path[1:2] != ":":
        path = str(repository_ctx.workspace_root) + "/" + path
    source = repository_ctx.path(path)
    if not source.exists:
        fail("there is no prepyc-worker at {}".format(source))

    # Bazel takes the files of a repository as given until it is fetched anew, which watching the binary brings about.
    repository_ctx.watch(source)
    repository_ctx.symlink(source, source.basename)
    repository_ctx.file("BUILD.bazel", _BUILD.format(name = source.basename))

prepyc_worker = repository_rule(
    implementation = _prepyc_worker_impl,
    doc = "A repository around a prepyc-worker of this machine, as the target `worker`.",
    attrs = {
        "path": attr.string(doc = "See `prepyc.worker`."),
    },
    local = True,
)

def _prepyc_impl(module_ctx):
    path = ""
    for module in module_ctx.modules:
        for tag in module.tags.worker:
            # Where a file lies on a machine is for the root module alone to say.
            if not module.is_root:
                continue
            if path:
                fail("prepyc.worker stands twice in MODULE.bazel; one worker serves the whole build")
            path = tag.path
    prepyc_worker(name = "prepyc_worker", path = path)

prepyc = module_extension(
    implementation = _prepyc_impl,
    doc = "Defines the repository `prepyc_worker`, whose target `worker` is the binary behind `@prepyc//:precompiler`.",
    tag_classes = {
        "worker": tag_class(
            doc = "Names the prepyc-worker binary. Without it, the environment variable PREPYC_WORKER does.",
            attrs = {
                "path": attr.string(
                    doc = "Where the binary lies: absolute, or relative to the workspace's root.",
                    mandatory = True,
                ),
            },
        ),
    },
)
