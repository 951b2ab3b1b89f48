//! What a toolchain's precompiler may be, and how it is run.

use std::fs;

use prepyc_testing::Oracle;

use crate::workspace::{Said, Workspace, script, tools};

const WORKER: &str = "--execution_requirements=supports-workers=1";
const MULTIPLEX: &str = "--execution_requirements=supports-multiplex-workers=1";
const DIRECTORIES: &str = "--execution_requirements=supports-multiplex-sandboxing=1";
const JSON: &str = "--execution_requirements=requires-worker-protocol=json";
const PROTO: &str = "--execution_requirements=requires-worker-protocol=proto";

/// Fails the test unless a build with those flags makes of every source its copy.
fn check_copies(workspace: &Workspace, flags: &[&str]) -> Said {
    let _ = fs::remove_dir_all(workspace.path("prepyc-out"));
    let said = workspace.build(flags).expect_done(&format!("{flags:?}"));
    assert_eq!(workspace.pycs(), workspace.copies(), "{flags:?}: {said:?}");
    assert!(said.out.contains("5 pycs: 5 compiled"), "{said:?}");
    said
}

#[test]
fn a_file_is_run_once_an_action_unless_the_flag_says_it_may_be_a_worker() {
    let workspace = Workspace::with_script(&script("cat $dir$src > $dir$pyc; answer 0 ''"));
    for flags in [
        &[][..],
        &["--strategy=PyCompile=local"],
        &["--strategy=PyCompile=sandboxed"],
        &["--strategy=PyCompile=worker", WORKER, JSON],
        &["--strategy=PyCompile=worker", WORKER, JSON, "--worker_sandboxing"],
        &["--strategy=PyCompile=worker", MULTIPLEX, JSON],
        &["--strategy=PyCompile=worker", MULTIPLEX, WORKER, JSON, "--noworker_multiplex"],
        &[MULTIPLEX, DIRECTORIES, JSON, "--experimental_worker_multiplex_sandboxing"],
    ] {
        check_copies(&workspace, flags);
    }
    let said = workspace.build(&["--strategy=PyCompile=worker", "--execution_requirements=no-cache=1"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("its tool does not say supports-workers"), "{said:?}");
}

#[test]
fn prepyc_worker_makes_what_the_build_makes_by_itself() {
    let workspace = Workspace::new();
    workspace.write("tools/BUILD.bazel", &tools("prepyc-worker", ""));
    fs::copy(env!("CARGO_BIN_EXE_prepyc-worker"), workspace.path("tools/prepyc-worker")).unwrap();
    let own = Said::of(&workspace.command(&["//app"]).output().unwrap()).expect_done("by itself");
    assert!(own.out.contains("5 compiled"), "{own:?}");
    let expected = workspace.pycs();
    for flags in [
        &["--strategy=PyCompile=local"][..],
        &["--strategy=PyCompile=sandboxed"],
        &["--strategy=PyCompile=worker", WORKER, JSON],
        &["--strategy=PyCompile=worker", MULTIPLEX, PROTO],
        &[MULTIPLEX, DIRECTORIES, PROTO, "--experimental_worker_multiplex_sandboxing"],
        &[MULTIPLEX, PROTO, "--worker_extra_flag=PyCompile=--worker_impl=serial"],
    ] {
        let _ = fs::remove_dir_all(workspace.path("prepyc-out"));
        let said = workspace.build(flags).expect_done(&format!("{flags:?}"));
        assert!(said.out.contains("5 compiled"), "{said:?}");
        assert!(workspace.pycs() == expected, "{flags:?}");
    }
    workspace.write("app/bad.py", "x = = 1\n");
    let own = Said::of(&workspace.command(&["//app"]).output().unwrap());
    let said = workspace.build(&["--strategy=PyCompile=worker", MULTIPLEX, PROTO]);
    assert_eq!((said.code, own.code), (Some(1), Some(1)), "{said:?}");
    assert_eq!(said.err, own.err);
    assert!(
        said.err.contains("SyntaxError: invalid syntax\nerror: //app:bad.py does not compile"),
        "{said:?}"
    );
}

#[test]
fn the_precompiler_of_the_bazel_module_and_the_stock_one_are_prepyc_itself() {
    let workspace = Workspace::new();
    let own = Said::of(&workspace.command(&["//app"]).output().unwrap()).expect_done("by itself");
    assert!(own.out.contains("5 compiled"), "{own:?}");
    let load = "load(\"@prepyc//:precompiler.bzl\", \"prepyc_precompiler\")\n";
    let rule = load.to_owned() + "prepyc_precompiler(name = \"own\")\n";
    for precompiler in [":own", "@prepyc//:precompiler", "@rules_python//tools/precompiler:precompiler"] {
        workspace.write("tools/BUILD.bazel", &tools(precompiler, &rule));
        let said = workspace.build(&[]).expect_done(precompiler);
        assert!(said.out.contains("5 up to date"), "{precompiler}: {said:?}");
    }
}

#[test]
fn a_sh_binary_finds_its_runfiles() {
    let workspace = Workspace::new();
    let program = script("cat $dir$src > $dir$pyc; answer 0 ''").replacen(
        "#!/bin/sh\n",
        "#!/bin/sh\nfor file in tools/more.txt lib/words.sh; do\n    \
         [ -f \"$0.runfiles/_main/$file\" ] || { echo \"no $file beside $0\" >&2; exit 4; }\ndone\n",
        1,
    );
    workspace.write_program("tools/precompile.sh", &program);
    workspace.write("tools/more.txt", "");
    workspace.write("lib/words.sh", "");
    let library = "load(\"@rules_shell//shell:sh_library.bzl\", \"sh_library\")\n\
                   sh_library(name = \"words\", srcs = [\"words.sh\"], visibility = [\"//visibility:public\"])\n";
    workspace.write("lib/BUILD.bazel", library);
    let binary = "sh_binary(\n    name = \"precompile\",\n    srcs = [\"precompile.sh\"],\n    \
                  data = [\"more.txt\"],\n    deps = [\"//lib:words\"],\n)";
    let load = "load(\"@rules_shell//shell:sh_binary.bzl\", \"sh_binary\")\n";
    workspace.write("tools/BUILD.bazel", &(load.to_owned() + &tools(":precompile", binary)));
    for strategy in ["--strategy=PyCompile=sandboxed", "--strategy=PyCompile=local"] {
        check_copies(&workspace, &[strategy]);
    }
    check_copies(&workspace, &[WORKER, JSON, "--worker_sandboxing"]);
}

/// A precompiler in Python, of a main file and a library: it writes a word of the library and of a data file before the copy.
fn write_python_precompiler(workspace: &Workspace) {
    workspace.write(
        "tools/precompile.py",
        r#"
import json, os, sys
from tools.inner import words

def compile_one(arguments):
    options = dict(zip(arguments[::2], arguments[1::2]))
    with open(options["--src"], "rb") as source, open(options["--pyc"], "wb") as pyc:
        pyc.write(words.prefix() + source.read())

if "--persistent_worker" in sys.argv:
    for line in sys.stdin:
        request = json.loads(line)
        compile_one(request["arguments"])
        print(json.dumps({"requestId": request.get("requestId", 0)}), flush=True)
else:
    with open(sys.argv[-1][1:]) as params:
        compile_one(params.read().splitlines())
"#,
    );
    workspace.write(
        "tools/inner/words.py",
        "import os\n\ndef prefix():\n    \
         with open(os.path.join(os.path.dirname(__file__), 'words.txt'), 'rb') as words:\n        \
         return words.read()\n",
    );
    workspace.write("tools/inner/words.txt", "# made here\n");
    let library = "py_library(name = \"words\", srcs = [\"words.py\"], data = [\"words.txt\"], visibility = \
                   [\"//tools:__pkg__\"])\n";
    workspace.write("tools/inner/BUILD.bazel", library);
}

/// Fails the test unless a build with those flags makes of every source its copy after the word.
fn check_marked_copies(workspace: &Workspace, flags: &[&str]) {
    let _ = fs::remove_dir_all(workspace.path("prepyc-out"));
    let said = workspace.build(flags).expect_done(&format!("{flags:?}"));
    assert!(said.out.contains("5 pycs: 5 compiled"), "{said:?}");
    let mut expected = workspace.copies();
    expected.values_mut().for_each(|copy| *copy = [b"# made here\n", &copy[..]].concat());
    assert_eq!(workspace.pycs(), expected, "{flags:?}");
}

#[test]
fn a_py_binary_runs_with_its_libraries_and_data() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "precompilers::a_py_binary") else { return };
    let workspace = Workspace::new();
    write_python_precompiler(&workspace);
    let binary =
        "py_binary(name = \"precompile\", srcs = [\"precompile.py\"], deps = [\"//tools/inner:words\"])";
    workspace.write("tools/BUILD.bazel", &tools(":precompile", binary));
    let python = format!("--python={}", oracle.executable().display());
    for flags in [
        &["--strategy=PyCompile=sandboxed"][..],
        &["--strategy=PyCompile=local", "--pyc_only=auto"],
        &[WORKER, JSON],
        &[MULTIPLEX, JSON],
        &[WORKER, JSON, "--worker_sandboxing"],
    ] {
        check_marked_copies(&workspace, &[flags, &[&python]].concat());
    }
    let said = workspace.build(&["--pyc_only=enabled", &python]).expect_done("pycs alone");
    assert!(said.out.contains("5 pycs: 5 compiled"), "{said:?}");
    // What precompiles is a target like any other, too: then it is precompiled by itself, as it was before.
    let mut command =
        workspace.command(&["--extra_toolchains=//tools:toolchain", "//tools:precompile", &python]);
    let said = Said::of(&command.output().unwrap()).expect_done("the tool itself");
    assert!(said.out.contains("2 pycs: 2 compiled"), "{said:?}");
    workspace.write("tools/inner/words.txt", "# made otherwise\n");
    let said = workspace.build(&[&python]).expect_done("a tool that changed");
    assert!(said.out.contains("5 compiled"), "{said:?}");
    assert!(workspace.pycs().values().all(|pyc| pyc.starts_with(b"# made otherwise\n")));
}

#[test]
fn a_py_interpreter_program_is_run_as_its_flag_says() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "precompilers::a_py_interpreter_program") else { return };
    let workspace = Workspace::new();
    write_python_precompiler(&workspace);
    let program = "load(\"@rules_python//python/private:py_interpreter_program.bzl\", \"py_interpreter_program\")\n\
                   load(\"@bazel_skylib//rules:common_settings.bzl\", \"string_list_flag\")\n\
                   py_interpreter_program(name = \"precompile\", main = \"precompile.py\", env = {\"PYTHONPATH\": \
                   \".\", \"PYTHONDONTWRITEBYTECODE\": \"1\"}, data = [\"//tools/inner:files\"], \
                   execution_requirements = \":requirements\")\n\
                   string_list_flag(name = \"requirements\", build_setting_default = [\"supports-workers=1\", \
                   \"requires-worker-protocol=json\"])\n";
    workspace.write("tools/BUILD.bazel", &tools(":precompile", program));
    let files =
        "filegroup(name = \"files\", srcs = glob([\"words.*\"]), visibility = [\"//tools:__pkg__\"])\n";
    workspace.write("tools/inner/BUILD.bazel", files);
    let python = format!("--python={}", oracle.executable().display());
    check_marked_copies(&workspace, &["--strategy=PyCompile=worker", &python]);
    check_marked_copies(&workspace, &["--strategy=PyCompile=sandboxed", &python]);
    let said =
        workspace.build(&[&python, "--strategy=PyCompile=worker", "--//tools:requirements=no-cache=1"]);
    assert!(said.code == Some(1) && said.err.contains("its tool does not say supports-workers"), "{said:?}");
}

#[test]
fn a_toolchain_without_a_precompiler_ships_sources_and_says_so() {
    let workspace = Workspace::new();
    let text = tools("", "").replace(", precompiler = \"\"", "");
    workspace.write("tools/BUILD.bazel", &text);
    let said = workspace.build(&[]).expect_done("no precompiler");
    assert_eq!(workspace.pycs().len(), 0, "{said:?}");
    assert_eq!(said.err.matches("precompiler").count(), 1, "{said:?}");
}

#[test]
fn extra_toolchains_come_before_the_registered_ones_and_the_last_of_them_first() {
    let workspace = Workspace::with_script(&script("cat $dir$src > $dir$pyc; answer 0 ''"));
    workspace.write("MODULE.bazel", "module(name = \"example\")\nregister_toolchains(\"//none:all\")\n");
    let none = tools("", "").replace(", precompiler = \"\"", "");
    workspace.write("none/BUILD.bazel", &none);
    let build = |flags: &[&str]| {
        let _ = fs::remove_dir_all(workspace.path("prepyc-out"));
        let said = Said::of(&workspace.command(flags).output().unwrap()).expect_done("some toolchain");
        (workspace.pycs() == workspace.copies(), said)
    };
    assert!(!build(&["//app"]).0);
    assert!(build(&["//app", "--extra_toolchains=//tools:toolchain"]).0);
    assert!(build(&["//app", "--extra_toolchains=//tools:all"]).0);
    assert!(build(&["//app", "--extra_toolchains=//none:toolchain,//tools:toolchain"]).0);
    let (none_wins, said) =
        build(&["//app", "--extra_toolchains=//tools:all", "--extra_toolchains=//none:all"]);
    assert!(!none_wins, "{said:?}");
}
