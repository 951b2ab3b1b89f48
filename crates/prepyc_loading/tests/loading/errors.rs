//! What is said of files that are wrong: the whole text.

use prepyc_loading::{Label, LoadErrorKind, Workspace};

use crate::workspace::{Folder, package_id};

#[track_caller]
fn check(files: &[(&str, &str)], package: &str, expected: &str) {
    let folder = Folder::new(files);
    assert_eq!(plain(&folder, &folder.error(package).to_string()), expected);
}

/// A package `a` of one BUILD file.
#[track_caller]
fn check_build(build: &str, expected: &str) {
    check(&[("a/BUILD", build)], "a", expected);
}

/// A workspace of one MODULE.bazel.
#[track_caller]
fn check_module(module: &str, expected: &str) {
    let folder = Folder::new(&[("MODULE.bazel", module)]);
    match Workspace::discover(folder.path()) {
        Ok(_) => panic!("the workspace is read, though it should not"),
        Err(error) => assert_eq!(plain(&folder, &error.to_string()), expected),
    }
}

/// What a label names is an error.
#[track_caller]
fn check_label(files: &[(&str, &str)], label: &str, expected: &str) {
    let folder = Folder::new(files);
    let label: Label = label.parse().expect("an absolute label");
    match folder.loader().find(&label) {
        Ok(found) => panic!("{label} is {found:?}"),
        Err(error) => assert_eq!(plain(&folder, &error.to_string()), expected),
    }
}

fn plain(folder: &Folder, text: &str) -> String {
    let path = folder.path().canonicalize().expect("a folder");
    text.replace(&path.display().to_string(), "ROOT")
}

#[test]
fn attributes_that_are_not_there() {
    check_build(
        "\npy_library(\n    name = \"x\",\n    scrs = [\"x.py\"],\n)\n",
        "a/BUILD:2: //a:x: no such attribute 'scrs' in 'py_library' rule (did you mean 'srcs'?)",
    );
    check_build(
        "py_test(name = \"x\", wibble = 1)",
        "a/BUILD:1: //a:x: no such attribute 'wibble' in 'py_test' rule",
    );
    check_build(
        "alias(name = \"x\")",
        "a/BUILD:1: //a:x: missing value for mandatory attribute 'actual' in 'alias' rule",
    );
}

#[test]
fn names_that_are_none() {
    check_build("py_library()", "a/BUILD:1: py_library: missing value for mandatory attribute 'name'");
    check_build("py_library(name = 3)", "a/BUILD:1: py_library: the attribute 'name' is a text, not 3 (int)");
    check_build("py_library(name = \"\")", "a/BUILD:1: py_library: invalid target name \"\": it is empty");
    check_build(
        "py_library(name = \"b:c\")",
        "a/BUILD:1: py_library: invalid target name \"b:c\": it has the character ':'",
    );
    check_build(
        "py_library(name = \"../c\")",
        "a/BUILD:1: py_library: invalid target name \"../c\": it has an empty, '.' or '..' component",
    );
    check_build(
        "py_library(\"x\")",
        "a/BUILD:1: py_library() takes its attributes by name: py_library(name = …)",
    );
    check_build(
        "filegroup(name = \"x\")\npy_library(name = \"x\")\n",
        "a/BUILD:2: py_library rule 'x' in package 'a' conflicts with existing filegroup rule, defined at a/BUILD:1",
    );
}

#[test]
fn values_of_another_type() {
    check_build(
        "py_library(name = \"x\", srcs = \"x.py\")",
        "a/BUILD:1: //a:x: attribute 'srcs' of py_library: expected a value of type 'list(label)', but got \"x.py\" (string)",
    );
    check_build(
        "py_library(name = \"x\", imports = [1])",
        "a/BUILD:1: //a:x: attribute 'imports' of py_library: expected a value of type 'string', but got 1 (int)",
    );
    check_build(
        "py_library(name = \"x\", testonly = \"yes\")",
        "a/BUILD:1: //a:x: attribute 'testonly' of py_library: expected a value of type 'boolean', but got \"yes\" (string)",
    );
    check_build(
        "py_binary(name = \"x\", env = {\"a\": True})",
        "a/BUILD:1: //a:x: attribute 'env' of py_binary: expected a value of type 'string', but got True (bool)",
    );
    check_build(
        "py_library(name = \"x\", srcs = glob)",
        "a/BUILD:1: py_library: attribute 'srcs': a value of type 'function' is nothing that an attribute takes",
    );
    check_build(
        "py_library(name = \"x\", deps = [\":y\", \"y\"])",
        "a/BUILD:1: //a:x: attribute 'deps' of py_library: the label '//a:y' is there twice",
    );
    check_build(
        "load(\"@far//:x.bzl\", \"dep\")\npy_library(name = \"x\", deps = [dep(\"y\")])",
        "a/BUILD:2: //a:x: attribute 'deps' of py_library: <dep(…) of @far//:x.bzl> is not known here, since the file it comes \
         from isn't on this machine",
    );
    check_build(
        "load(\"@far//:x.bzl\", \"NAMES\")\n[py_library(name = name) for name in NAMES]",
        "a/BUILD:2: <NAMES of @far//:x.bzl> cannot be gone through: the file it comes from isn't on this machine",
    );
    check_build(
        "py_binary(name = \"x\", precompile_optimize_level = 99999999999999999999)",
        "a/BUILD:1: py_binary: attribute 'precompile_optimize_level': the number 99999999999999999999 has more than 64 bits",
    );
}

#[test]
fn labels_that_are_none() {
    for (label, problem) in [
        ("b:c", "a label with a package begins with '//' or '@', and has one ':'"),
        ("//b:c:d", "a label with a package begins with '//' or '@', and has one ':'"),
        ("//b/...", "it is a pattern of many targets"),
        ("", "the target's name is empty"),
        ("//b:", "the target's name is empty"),
        ("../b", "the target's name has an empty, '.' or '..' component"),
        ("//b//c", "the package's name has an empty component or one of dots alone"),
        ("//../c:d", "the package's name has an empty component or one of dots alone"),
        ("@r:c", "the repository's name is followed by '//'"),
        ("@", "it names neither a repository nor a target"),
    ] {
        check_build(
            &format!("py_library(name = \"x\", deps = [{label:?}])"),
            &format!("a/BUILD:1: //a:x: attribute 'deps' of py_library: '{label}' is no label: {problem}"),
        );
    }
}

#[test]
fn selects_that_are_none() {
    check_build(
        "select([])",
        "a/BUILD:1: select() takes a dictionary of conditions and values, not a value of type 'list'",
    );
    check_build(
        "select({})",
        "a/BUILD:1: select() with an empty dictionary has no condition that could hold",
    );
    check_build("select({1: []})", "a/BUILD:1: 1 is no condition of a select(): conditions are labels");
    check_build(
        "py_library(name = \"x\", srcs = [\"a\"] + select({\":b\": \"c\"}))",
        "a/BUILD:1: a select() of 'list' and a 'string' cannot be added up",
    );
    check_build(
        "py_library(name = \"x\", visibility = select({\":b\": []}))",
        "a/BUILD:1: //a:x: attribute 'visibility' of py_library: it is not configurable: a select() cannot decide it",
    );
    check_build(
        "py_library(name = \"x\", srcs = [select({\":b\": []})])",
        "a/BUILD:1: py_library: attribute 'srcs': a select() must not lie in a list, a dictionary or another select(); add it \
         with '+' instead",
    );
    check_build(
        "py_library(name = \"x\", srcs = select({\":b\": [], \"b\": []}))",
        "a/BUILD:1: //a:x: attribute 'srcs' of py_library: '//a:b' is a condition of one select() twice",
    );
}

#[test]
fn the_package_and_its_files() {
    check_build(
        "package(default_visibilty = [])",
        "a/BUILD:1: package() has no argument 'default_visibilty' (did you mean 'default_visibility'?)",
    );
    check_build(
        "package()\npackage()",
        "a/BUILD:2: 'package' can only be used once per BUILD file; it is at a/BUILD:1 already",
    );
    check_build(
        "package(default_visibility = \"x\")",
        "a/BUILD:1: argument 'default_visibility': expected a value of type 'list(label)', but got \"x\" (string)",
    );
    check_build("exports_files([\"//b:c\"])", "a/BUILD:1: exports_files: '//b:c' is no file of this package");
    check_build("glob([\"x?\"])", "a/BUILD:1: invalid glob pattern 'x?': wildcard ? forbidden");
    check_build(
        "glob([\"*.x\"], allow_empty = False)",
        "a/BUILD:1: glob pattern '*.x' didn't match anything, but allow_empty is set to False",
    );
    check_build(
        "glob([\"*\"], exclude = [\"*\"], allow_empty = False)",
        "a/BUILD:1: all files in the glob have been excluded, but allow_empty is set to False",
    );
}

#[test]
fn what_is_not_the_language_of_build_files() {
    check_build("def f():\n    pass\n", "a/BUILD:1: `def` is not allowed in this dialect");
    check_build("x = lambda: 1\n", "a/BUILD:1: `lambda` is not allowed in this dialect");
    check_build("if True:\n    x = 1\n", "a/BUILD:1: `if` cannot be used outside `def` in this dialect");
    check_build("x = (\n", "a/BUILD:2: unexpected new line, expected expression");
    check_build("x = y\n", "a/BUILD:1: Variable `y` not found, did you mean `x`?");
    check_build("glbo([])\n", "a/BUILD:1: Variable `glbo` not found, did you mean `glob`?");
    check_build("x = f\"{y}\"\n", "a/BUILD:1: Your Starlark dialect must enable f-strings to use them");
}

#[test]
fn a_mistake_in_a_macro_is_said_of_the_call() {
    check(
        &[
            ("a/BUILD", "load(\"//m:m.bzl\", \"outer\")\n\nouter(name = \"x\")\n"),
            (
                "m/m.bzl",
                "def _inner(name):\n    native.py_library(name = name, sources = [])\n\ndef outer(name):\n    x = 1\n    _inner(name)\n",
            ),
        ],
        "a",
        "a/BUILD:3: //a:x: no such attribute 'sources' in 'py_library' rule\n  at m/m.bzl:6, in outer\n  at m/m.bzl:2, in _inner",
    );
    check(
        &[
            ("a/BUILD", "load(\"//m:m.bzl\", \"f\")\nf()\n"),
            ("m/m.bzl", "def f():\n    fail(\"not\", 1, \"thing\")\n"),
        ],
        "a",
        "a/BUILD:2: not 1 thing\n  at m/m.bzl:2, in f",
    );
    check(
        &[
            ("a/BUILD", "load(\"//m:m.bzl\", \"f\")\nf()\n"),
            ("m/m.bzl", "def f():\n    x = []\n    return x[1]\n"),
        ],
        "a",
        "a/BUILD:2: Index `1` is out of bound\n  at m/m.bzl:3, in f",
    );
}

#[test]
fn files_that_cannot_be_loaded() {
    check_build(
        "\nload(\"//b:c.bzl\", \"d\")\n",
        "a/BUILD:2: cannot load '//b:c.bzl': there is no file ROOT/b/c.bzl",
    );
    check_build(
        "load(\"//b:c\", \"d\")\n",
        "a/BUILD:1: '//b:c' cannot be loaded: the name of a file to load ends with .bzl",
    );
    check(
        &[("a/BUILD", "load(\":b.bzl\", \"x\")\n"), ("a/b.bzl", "y = 1\n_z = 2\n")],
        "a",
        "a/BUILD:1: Module has no symbol `x`, did you mean `y`?",
    );
    check(
        &[
            ("a/BUILD", "load(\":b.bzl\", \"b\")\n"),
            ("a/b.bzl", "\nload(\":c.bzl\", \"c\")\n"),
            ("a/c.bzl", "x = 1 +\n"),
        ],
        "a",
        "a/c.bzl:1: unexpected new line, expected expression\n  loaded at a/b.bzl:2\n  loaded at a/BUILD:1",
    );
    check(
        &[
            ("a/BUILD", "load(\":b.bzl\", \"b\")\n"),
            ("a/b.bzl", "load(\"//c:c.bzl\", \"c\")\n"),
            ("c/c.bzl", "load(\"//a:b.bzl\", \"b\")\n"),
        ],
        "a",
        "c/c.bzl:1: .bzl files load each other in a circle: //a:b.bzl -> //c:c.bzl -> //a:b.bzl\n  loaded at a/b.bzl:1\n  loaded at \
         a/BUILD:1",
    );
    check(
        &[("a/BUILD", "load(\":b.bzl\", \"b\")\n"), ("a/b.bzl", "native.py_library(name = \"x\")\n")],
        "a",
        "a/b.bzl:1: py_library can only be called while a BUILD file is evaluated, not while a .bzl file is loaded\n  loaded at \
         a/BUILD:1",
    );
}

#[test]
fn files_that_are_no_text() {
    let folder = Folder::new(&[]);
    folder.write("a/BUILD", b"x = 1\ny = \"\xff\"\n");
    assert_eq!(folder.error("a").to_string(), "a/BUILD:2: it is no UTF-8");
    folder.write("b/BUILD", vec![b'#'; (16 << 20) + 1]);
    assert_eq!(
        folder.error("b").to_string(),
        "b/BUILD: it has 16777217 bytes; more than 16 MiB are not read"
    );
}

#[test]
fn packages_that_are_not_there() {
    check(
        &[("b/c.py", "")],
        "b",
        "no such package '//b': BUILD file not found: neither BUILD.bazel nor BUILD is in ROOT/b",
    );
    check(
        &[(".bazelignore", "b"), ("b/c/BUILD", "")],
        "b/c",
        "no such package '//b/c': the folder is left alone, as .bazelignore or REPO.bazel says",
    );
    check(
        &[],
        "@far//b",
        "no repository is called '@far'\n  a module is provided by local_path_override(module_name = …, path = …) in MODULE.bazel, \
         installed distributions by --pip_hub far=SITE_PACKAGES",
    );
    check(
        &[("MODULE.bazel", "\nbazel_dep(name = \"far\", version = \"1.2\")\n")],
        "@far//b",
        "the repository '@far' is not on this machine: the module 'far' 1.2 would be fetched from a registry\n  it is named at \
         MODULE.bazel:2\n  a module is provided by local_path_override(module_name = …, path = …) in MODULE.bazel, installed \
         distributions by --pip_hub far=SITE_PACKAGES",
    );
}

#[test]
fn labels_that_name_nothing() {
    let files = [
        ("a/BUILD.bazel", "py_library(name = \"lib\", srcs = [\"main.py\"])"),
        ("a/b/BUILD", ""),
        ("a/b/c.py", ""),
        ("a/main.py", ""),
    ];
    check_label(
        &files,
        "//a:lob",
        "no such target '//a:lob': target 'lob' not declared in package 'a' defined by a/BUILD.bazel (did you mean 'lib'?)",
    );
    check_label(
        &files,
        "//a:b/c.py",
        "label '//a:b/c.py' is invalid because '//a/b' is a subpackage; perhaps you meant to put the colon here: '//a/b:c.py'?",
    );
    check_label(
        &[("a/BUILD", "genrule(name = \"g\", outs = [\"g.py\"])")],
        "//a:g.py",
        "a/BUILD:1: '//a:g.py' is generated by '//a:g', whose rule 'genrule' is not known here; only source files can be built",
    );
    check_label(
        &files,
        "//:x",
        "no such package '//': BUILD file not found: neither BUILD.bazel nor BUILD is in ROOT",
    );
}

#[test]
fn workspaces_that_are_none() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let error = Workspace::discover(folder.path()).expect_err("there is no workspace");
    assert_eq!(error.kind(), LoadErrorKind::Workspace);
    let text = error.to_string();
    assert!(
        text.contains("is not within a workspace: neither it nor a folder above it has a MODULE.bazel"),
        "{text}"
    );
    check_module("module(", "MODULE.bazel:1: unexpected new line, expected expression");
    check_module(
        "\nmodul(name = \"x\")",
        "MODULE.bazel:2: Variable `modul` not found, did you mean `module`?",
    );
    check_module(
        "local_path_override(module_name = \"x\", path = \"no/where\")",
        "MODULE.bazel:1: the folder of 'x', no/where, does not exist",
    );
    check_module("load(\"//:x.bzl\", \"x\")", "MODULE.bazel:1: `load` is not for MODULE.bazel files");
    check_module(
        "include(\"//:none.MODULE.bazel\")",
        "none.MODULE.bazel: it cannot be read: No such file or directory (os error 2)",
    );
    check_module(
        "bazel_dep(version = \"1\")",
        "MODULE.bazel:1: Missing parameter `name` for call to `bazel_dep`",
    );
}

/// Whatever a file is, it costs its own package an error, and nothing else.
#[test]
fn hostile_files_are_refused() {
    let nested = "expressions or blocks lie in each other more than 1000 deep";
    for build in [
        "(".repeat(1 << 20),
        format!("x = {}1", "not ".repeat(1 << 18)),
        format!("x = {}", "[1, ".repeat(1 << 18)),
    ] {
        check_build(&build, &format!("a/BUILD:1: {nested}"));
    }
    check(
        &[("a/BUILD", "load(\":m.bzl\", \"f\")\nf(0)\n"), ("a/m.bzl", "def f(x):\n    return f(x + 1)\n")],
        "a",
        &format!(
            "a/BUILD:2: Starlark call stack overflow{}\n  and 187 more calls",
            "\n  at a/m.bzl:2, in f".repeat(11)
        ),
    );
}

/// What is just below the limits neither overflows a stack nor is refused.
#[test]
fn files_at_the_limit_are_read() {
    let deep = 950;
    let elifs: String =
        (0..deep).map(|index| format!("    elif x == {index}:\n        return {index}\n")).collect();
    let blocks: String = (1..deep / 4).map(|depth| format!("{}if True:\n", " ".repeat(depth))).collect();
    let folder = Folder::new(&[]);
    folder.write(
        "a/m.bzl",
        format!(
            "def f(x):\n    if x == -1:\n        return 0\n{elifs}    return 0\n\nm = {}1\n\ndef g():\n{blocks}{}return 3\n\nh = {}{}\n",
            "-".repeat(deep),
            " ".repeat(deep / 4),
            "[".repeat(deep),
            "]".repeat(deep)
        ),
    );
    folder.write(
        "a/BUILD",
        format!("load(\":m.bzl\", \"f\", \"g\")\nprint(f({}), g(), 0{})\n", deep - 1, " + 1".repeat(deep)),
    );
    assert_eq!(folder.package("a").messages[0].text, format!("{} 3 {deep}", deep - 1));
}

#[test]
fn a_value_that_is_nested_by_a_loop_can_be_kept() {
    let folder = Folder::new(&[
        ("a/BUILD", "load(\":m.bzl\", \"X\")\nprint(len(X))\n"),
        (
            "a/m.bzl",
            "def f():\n    x = []\n    for _ in range(1000000):\n        x = [x]\n    return x\n\nX = f()\n",
        ),
    ]);
    assert_eq!(folder.package("a").messages[0].text, "1");
}

#[test]
fn work_without_end_is_ended() {
    check(
        &[
            ("a/BUILD", "load(\":m.bzl\", \"f\")\nf()\n"),
            ("a/m.bzl", "def f():\n    for _ in range(1 << 30):\n        pass\n"),
        ],
        "a",
        "a/BUILD: Execution duration limit of 4000000 ticks has been exceeded",
    );
    check(
        &[("a/BUILD", "load(\":m.bzl\", \"f\")\nf()\n"), ("a/m.bzl", "def f():\n    int(\"9\" * 1000000)\n")],
        "a",
        "a/BUILD:2: a number has more than 4300 digits\n  at a/m.bzl:2, in f",
    );
    check(
        &[
            ("a/BUILD", "load(\":m.bzl\", \"f\")\nf()\n"),
            (
                "a/m.bzl",
                "def f():\n    x = []\n    for _ in range(100000):\n        x = [x]\n    json.encode(x)\n",
            ),
        ],
        "a",
        "a/BUILD:2: a value nested more than 1000 deep cannot be written as JSON\n  at a/m.bzl:5, in f",
    );
    check_build(&format!("x = {}\n", "9".repeat(10_000)), "a/BUILD:1: a number has more than 4300 digits");
}

#[test]
fn a_package_that_fails_does_not_keep_others_from_loading() {
    let folder = Folder::new(&[("a/BUILD", "x"), ("b/BUILD", "filegroup(name = \"y\")")]);
    let loader = folder.loader();
    assert!(loader.package(&package_id("a")).is_err());
    assert!(loader.package(&package_id("b")).is_ok());
}
