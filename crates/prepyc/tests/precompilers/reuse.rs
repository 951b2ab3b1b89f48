//! Builds of what is there already, and the flags that decide what ships.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use prepyc_testing::Oracle;

use crate::workspace::{Said, Workspace, script, tools};

/// Builds until a build touches nothing at all.
///
/// What is younger than a tick of the file system's clock is looked at once more and written down by the next build: of
/// these first builds only the ledger is new, and the folder that it is in.
fn build_until_settled(workspace: &Workspace, build: impl Fn() -> Said) {
    for _ in 0..1000 {
        let before = workspace.output_states();
        let said = build();
        assert!(said.out.contains("pycs: 0 compiled, 0 from the cache, "), "{said:?}");
        let after = workspace.output_states();
        if after == before {
            return;
        }
        let touched = after.iter().filter(|(path, state)| before.get(*path) != Some(*state));
        let touched: Vec<_> = touched.map(|(path, _)| path.file_name().unwrap()).collect();
        assert_eq!(touched, [".prepyc", "ledger"]);
    }
    panic!("each build changes something");
}

#[test]
fn a_build_with_nothing_to_do_starts_and_touches_nothing() {
    let workspace = Workspace::new();
    let starts = workspace.path("starts");
    let counting = script("cat $dir$src > $dir$pyc; answer 0 ''").replacen(
        "#!/bin/sh\n",
        &format!("#!/bin/sh\necho started >> {}\n", starts.display()),
        1,
    );
    workspace.write("tools/BUILD.bazel", &tools("precompile.sh", ""));
    workspace.write_program("tools/precompile.sh", &counting);
    let worker = [
        "--execution_requirements=supports-workers=1",
        "--execution_requirements=requires-worker-protocol=json",
    ];
    for flags in [&[][..], &worker, &["--disk_cache=cache"]] {
        let build = || workspace.build(flags).expect_done("a build");
        build();
        let started = fs::read(&starts).unwrap();
        build_until_settled(&workspace, build);
        assert_eq!(fs::read(&starts).unwrap(), started, "{flags:?}");
    }
}

#[test]
fn the_build_itself_touches_nothing_where_nothing_is_to_do() {
    let workspace = Workspace::new();
    for flags in
        [&[][..], &["--pyc_only=enabled"], &["--precompile_optimize_levels=0,1,2", "--disk_cache=cache"]]
    {
        let build = || {
            let mut command = workspace.command(&[&["//app", "//app:lone"], flags].concat());
            Said::of(&command.output().unwrap()).expect_done("a build")
        };
        build();
        build_until_settled(&workspace, build);
    }
}

/// The names of the runfiles of `//app` that have `part` in their path.
fn runfiles(workspace: &Workspace, part: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(workspace.path("prepyc-out/bin/app/app.runfiles/MANIFEST")).unwrap();
    let paths = manifest.lines().filter_map(|line| line.split(' ').next());
    paths
        .filter_map(|path| path.strip_prefix("_main/app/"))
        .filter(|path| path.contains(part))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_becomes_of_a_rejected_source_is_for_the_flag_to_say() {
    let workspace = Workspace::with_script(&script("answer 1 'SyntaxError: no'"));
    let with = |value: &str| workspace.build(&[&format!("--on_precompile_error={value}")]);
    for value in ["auto", "fail"] {
        let said = with(value);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.err, "SyntaxError: no\nerror: //app:bad.py does not compile\n");
    }
    let expected: BTreeSet<String> = ["bad.py".to_owned()].into();
    let said = with("warn").expect_done("warn");
    assert!(
        said.err.starts_with("SyntaxError: no\nwarning: //app:bad.py does not compile; the source ships\n"),
        "{said:?}"
    );
    assert!(said.out.contains("4 up to date, 0 failed, 1 kept as sources"), "{said:?}");
    assert_eq!(runfiles(&workspace, "bad"), expected);
    let said = with("keep_source").expect_done("keep_source");
    assert_eq!(said.err, "");
    assert_eq!(runfiles(&workspace, "bad"), expected);
    // Even where no source ships: it is all there is of the module.
    let said =
        workspace.build(&["--on_precompile_error=keep_source", "--pyc_only=enabled"]).expect_done("pyc_only");
    assert_eq!(runfiles(&workspace, "bad"), expected, "{said:?}");
    let pycs = ["a.pyc", "b.pyc", "c.pyc", "main.pyc"].map(str::to_owned);
    assert_eq!(runfiles(&workspace, ".pyc"), pycs.into(), "{said:?}");
    assert_eq!(with("sometimes").code, Some(2));
}

#[test]
fn several_levels_and_binaries_of_pycs_alone_run() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "precompilers::several_levels") else { return };
    let workspace = Workspace::new();
    workspace.write("app/a.py", "def f():\n    'Doc.'\n    assert False, 'kept'\n");
    workspace.write(
        "app/main.py",
        "import sys\nfrom app import a\ntry:\n    a.f()\n    kept = False\nexcept AssertionError:\n    kept = True\n\
         print(kept, a.f.__doc__, a.__file__.rpartition('.')[2], (a.__cached__ or '').rpartition('/')[2])\n",
    );
    let python = format!("--python={}", oracle.executable().display());
    let build = |flags: &[&str]| {
        let command = &mut workspace.command(&[&["//app", &python], flags].concat());
        Said::of(&command.output().unwrap()).expect_done("a build")
    };
    let run = |optimize: &str| {
        let mut command = Command::new(workspace.path("prepyc-out/bin/app/app"));
        let output = command.env("PYTHONOPTIMIZE", optimize).output().unwrap();
        Said::of(&output).expect_done("the program").out
    };
    let said = build(&["--precompile_optimize_levels=0,1,2"]);
    assert!(said.out.contains("15 pycs: 15 compiled"), "{said:?}");
    let names = ["", ".opt-1", ".opt-2"].map(|level| format!("__pycache__/a.cpython-314{level}.pyc"));
    assert_eq!(runfiles(&workspace, "/a."), names.into());
    assert_eq!(run(""), "True Doc. py a.cpython-314.pyc\n");
    assert_eq!(run("1"), "False Doc. py a.cpython-314.opt-1.pyc\n");
    assert_eq!(run("2"), "False None py a.cpython-314.opt-2.pyc\n");

    build(&["--pyc_only=enabled"]);
    let sources: BTreeSet<String> =
        runfiles(&workspace, ".py").into_iter().filter(|path| path.ends_with(".py")).collect();
    assert!(sources.is_subset(&["__init__.py".to_owned()].into()), "{sources:?}");
    assert_eq!(run(""), "True Doc. pyc a.pyc\n");
}
