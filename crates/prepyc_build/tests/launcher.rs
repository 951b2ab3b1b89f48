//! Launchers, run for real: sources, pycs and modules, with every interpreter that is installed.

mod built;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use built::{Binary, VERSIONS, run};
use prepyc_build::launcher::{Interpreter, LauncherError, Main, Written, write_launcher};
use prepyc_testing::Oracle;

/// Runs a check with each of the interpreters.
fn with_each(test: &str, check: impl Fn(&Oracle)) {
    for version in VERSIONS {
        if let Some(oracle) = Oracle::find_or_skip(version, test) {
            check(&oracle);
        }
    }
}

#[test]
fn modules_come_from_their_pycs_in_the_runfiles() {
    with_each("modules_come_from_their_pycs_in_the_runfiles", |oracle| {
        let binary = Binary::new(oracle);
        binary.source("app/main.py", "import lib.mod, sys\nprint(lib.mod.WHERE, lib.mod.__cached__)\n");
        binary.source("lib/mod.py", "WHERE = 'source'\n");
        binary.pyc("lib/mod.py", "WHERE = 'pyc'\n");
        let (out, _) = run(&mut binary.write().command());
        let cached = binary.tree_path(&format!("_main/lib/__pycache__/mod.{}.pyc", binary.tag()));
        assert_eq!(out, format!("pyc {}\n", cached.display()));
    });
}

#[test]
fn the_main_file_runs_from_its_pyc_and_never_makes_one() {
    with_each("the_main_file_runs_from_its_pyc_and_never_makes_one", |oracle| {
        let binary = Binary::new(oracle);
        binary.source("app/main.py", "print('source', __file__, __name__, __spec__)\n");
        let main = binary.tree_path("_main/app/main.py");
        let mut command = binary.write().command();
        command.env_remove("PYTHONDONTWRITEBYTECODE");
        assert_eq!(run(&mut command).0, format!("source {} __main__ None\n", main.display()));
        assert!(!binary.tree_path("_main/app/__pycache__").exists());
        binary.pyc("app/main.py", "print('pyc', sorted(n for n in globals() if n[0] != '_'))\n");
        assert_eq!(run(&mut binary.write().command()).0, "pyc []\n");
    });
}

#[test]
fn a_pyc_without_source_and_a_module_are_run_as_main() {
    with_each("a_pyc_without_source_and_a_module_are_run_as_main", |oracle| {
        let mut binary = Binary::new(oracle);
        binary.sourceless("app/main.pyc", "print('legacy', __name__)\n");
        binary.launcher.main = Main::File("_main/app/main.pyc".into());
        assert_eq!(run(&mut binary.write().command()).0, "legacy __main__\n");

        binary.source("tool/__init__.py", "");
        binary.source("tool/__main__.py", "import sys\nprint(__spec__.name, __package__, sys.argv[1:])\n");
        binary.launcher.main = Main::Module("tool".into());
        assert_eq!(run(binary.write().command().arg("x")).0, "tool.__main__ tool ['x']\n");
        binary.launcher.main = Main::Module("nothing.here".into());
        let output = binary.write().command().output().unwrap();
        assert!(!output.status.success());
    });
}

#[test]
fn folders_come_in_bazels_order_before_the_library() {
    with_each("folders_come_in_bazels_order_before_the_library", |oracle| {
        let mut binary = Binary::new(oracle);
        binary.launcher.imports = vec!["pip/site-packages".into(), "_main/lib".into()];
        binary.launcher.repositories = vec!["_main".into(), "pip".into()];
        binary.source("app/main.py", "import sys\nprint('\\n'.join(sys.path))\n");
        let shown = |command: &mut Command| -> Vec<String> {
            let (out, _) = run(command.env("PYTHONPATH", "/callers"));
            let root = binary.tree_path("").display().to_string();
            out.lines().map(|line| line.replace(root.trim_end_matches('/'), "R")).collect()
        };
        let found = shown(&mut binary.write().command());
        let wanted =
            ["R/_main/app", "R", "R/pip/site-packages", "R/_main/lib", "R/_main", "R/pip", "/callers"];
        assert_eq!(found[..7], wanted);
        assert!(!found.contains(&binary.workspace().join("app").display().to_string()));
        let safe = shown(binary.write().command().env("PYTHONSAFEPATH", "1"));
        assert_ne!(safe[0], "R/_main/app");
        assert!(safe[0].starts_with("R"), "{safe:?}");
    });
}

#[test]
fn a_child_interpreter_finds_the_same_modules() {
    with_each("a_child_interpreter_finds_the_same_modules", |oracle| {
        let binary = Binary::new(oracle);
        binary.source("lib/mod.py", "print('found')\n");
        let main =
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import lib.mod'], check=True)\n";
        binary.source("app/main.py", main);
        assert_eq!(run(&mut binary.write().command()).0, "found\n");
    });
}

#[test]
fn worker_processes_find_what_main_defines() {
    with_each("worker_processes_find_what_main_defines", |oracle| {
        let binary = Binary::new(oracle);
        let main = "import multiprocessing\ndef double(x):\n    return 2 * x\nif __name__ == '__main__':\n    \
                    context = multiprocessing.get_context('spawn')\n    with context.Pool(1) as pool:\n        \
                    print(pool.map(double, [1, 2]))\n";
        binary.source("app/main.py", main);
        assert_eq!(run(&mut binary.write().command()).0, "[2, 4]\n");
    });
}

#[test]
fn levels_of_optimization_find_their_pycs() {
    with_each("levels_of_optimization_find_their_pycs", |oracle| {
        let binary = Binary::new(oracle);
        binary.source("app/main.py", "import lib.mod\nprint(lib.mod.WHERE)\n");
        binary.source("lib/mod.py", "WHERE = 'source'\n");
        binary.pyc_named("lib/mod.py", &format!("mod.{}.opt-2.pyc", binary.tag()), "WHERE = 'level 2'\n");
        assert_eq!(run(binary.write().command().env("PYTHONOPTIMIZE", "2")).0, "level 2\n");
        assert_eq!(run(&mut binary.write().command()).0, "source\n");
    });
}

#[test]
fn runfiles_are_found_from_wherever_it_is_started() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "runfiles_are_found_from_wherever_it_is_started") else {
        return;
    };
    let binary = Binary::new(&oracle);
    binary.source(
        "app/main.py",
        "import os\nprint(os.environ['RUNFILES_DIR'], os.environ.get('RUNFILES_MANIFEST_FILE'))\n",
    );
    binary.write();
    let root = binary.tree_path("").display().to_string().trim_end_matches('/').to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    symlink("../../../../../../../../..", elsewhere.path().join("up")).unwrap();
    symlink(format!("up{}", binary.executable().display()), &link).unwrap();
    let start = |program: &std::path::Path| binary.command_of(program);

    let found = |command: &mut Command| run(command).0.trim_end().to_owned();
    assert_eq!(found(&mut start(&binary.executable())), format!("{root} None"));
    assert!(found(&mut start(&link)).ends_with(&format!("{root} None")));
    let folder = binary.executable().parent().unwrap().to_owned();
    assert_eq!(
        found(start("./main".as_ref()).current_dir(&folder)),
        format!("{}/./main.runfiles None", folder.display())
    );
    // As a tool in another's tree, named by its environment or by its own place.
    let inside = binary.tree_path("_main/app/main");
    symlink(binary.executable(), &inside).unwrap();
    assert_eq!(found(&mut start(&inside)), format!("{root} None"));
    let copy = elsewhere.path().join("copy");
    fs::copy(binary.executable(), &copy).unwrap();
    assert_eq!(found(start(&copy).env("RUNFILES_DIR", &root)), format!("{root} None"));
    let manifest = format!("{root}_manifest");
    assert_eq!(found(start(&copy).env("RUNFILES_MANIFEST_FILE", &manifest)), format!("{root} {manifest}"));
    // Another program's runfiles are passed by.
    let mut foreign = start(&binary.executable());
    foreign.env("RUNFILES_DIR", elsewhere.path()).env("RUNFILES_MANIFEST_FILE", "/x.runfiles_manifest");
    assert_eq!(found(&mut foreign), format!("{root} None"));
    let output = start(&copy).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no runfiles with _main/app/main.py"));
}

#[test]
fn arguments_environment_input_and_exit_code_pass_through() {
    with_each("arguments_environment_input_and_exit_code_pass_through", |oracle| {
        let mut binary = Binary::new(oracle);
        let nasty = "it's \"$HOME\" `x` \\N \\u '''\n$(false) é";
        binary.launcher.environment =
            [("NASTY", nasty), ("KEPT", "ours")].map(|(a, b)| (a.into(), b.into())).into();
        binary.launcher.interpreter_args =
            vec!["-W".into(), "ignore".into(), "-X".into(), format!("mine={nasty}")];
        let main = "import os, sys\nsys.stdout.reconfigure(encoding='utf-8')\n\
                    print(repr((os.environ['NASTY'], os.environ['KEPT'], sys._xoptions['mine'], sys.argv[1:], sys.stdin.read())))\n\
                    sys.exit(7)\n";
        binary.source("app/main.py", main);
        let mut child = binary.write().command();
        child.args(["a b", "", "*"]).env("KEPT", "callers").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = child.env("PYTHONUTF8", "1").spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"typed").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(7));
        let shown = oracle
            .command()
            .arg("-c")
            .arg("import sys; print(repr((sys.argv[1], 'callers', sys.argv[1], ['a b', '', '*'], 'typed')))")
            .arg(nasty)
            .env("PYTHONUTF8", "1")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), String::from_utf8(shown.stdout).unwrap());

        binary.source("app/main.py", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n");
        let status = binary.write().command().status().unwrap();
        assert_eq!(status.signal(), Some(15), "the shell became the interpreter");
    });
}

#[test]
fn an_interpreter_in_the_runfiles_and_one_that_is_gone() {
    let test = "an_interpreter_in_the_runfiles_and_one_that_is_gone";
    let Some(oracle) = Oracle::find_or_skip("3.14", test) else { return };
    let mut binary = Binary::new(&oracle);
    binary.source("app/main.py", "print('ran')\n");
    let script = binary.workspace().join("python");
    fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", oracle.executable().display())).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    binary.add("python/bin/python it's", &script);
    binary.launcher.interpreter = Interpreter::Runfiles("python/bin/python it's".into());
    assert_eq!(run(&mut binary.write().command()).0, "ran\n");
    binary.launcher.interpreter = Interpreter::Absolute("/nowhere/python".into());
    let output = binary.write().command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no interpreter at /nowhere/python"));
}

#[test]
fn the_same_launcher_is_not_written_again_and_a_bad_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bin/app");
    let mut launcher = built::launcher("/usr/bin/python3".as_ref());
    assert_eq!(write_launcher(&launcher, &path).unwrap(), Written::Changed);
    assert_eq!(write_launcher(&launcher, &path).unwrap(), Written::Unchanged);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(write_launcher(&launcher, &path).unwrap(), Written::Changed);
    launcher.environment = [("A B".to_owned(), String::new())].into();
    let error = write_launcher(&launcher, &path).unwrap_err();
    assert!(matches!(error, LauncherError::BadText { .. }), "{error}");
    launcher.environment.clear();
    launcher.main = Main::File("_main/app.sh".into());
    assert!(launcher.text().is_err());
    launcher.main = Main::File("_main/a\0.py".into());
    assert!(launcher.text().is_err());
    launcher = built::launcher("python3".as_ref());
    assert!(launcher.text().unwrap_err().to_string().contains("not an absolute path"));
}
