//! However a run ends, each pyc is whole, and the next run completes what is missing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use prepyc_testing::Oracle;
use rustix::process::{Pid, Signal, kill_process};

/// So many that no run is through before it has been ended.
const SOURCES: usize = 2500;
/// How often a run is killed.
const KILLS: usize = 6;

fn write_sources(folder: &Path) {
    for number in 0..SOURCES {
        let package = folder.join("tree").join(format!("p{}", number % 20));
        fs::create_dir_all(&package).unwrap();
        let functions = (0..20).map(|index| format!("def f{index}(x):\n    return (x, {number}, {index})\n"));
        fs::write(package.join(format!("m{number}.py")), functions.collect::<String>()).unwrap();
    }
}

/// Starts `prepyc compile -v tree`.
fn start(oracle: &Oracle, folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_prepyc"))
        .args([
            "compile",
            "-v",
            "--invalidation-mode",
            "unchecked-hash",
            "--engine",
            "interpreter",
            "--python",
        ])
        .arg(oracle.executable())
        .arg("tree")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

fn run(oracle: &Oracle, folder: &Path) {
    let (mut child, mut stdout) = start(oracle, folder);
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
}

/// All files below the tree that are no sources, with their bytes.
fn outputs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut outputs = BTreeMap::new();
    for package in fs::read_dir(folder.join("tree")).unwrap() {
        let cache = package.unwrap().path().join("__pycache__");
        let Ok(entries) = fs::read_dir(cache) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            outputs.insert(name, fs::read(&path).unwrap());
        }
    }
    outputs
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_killed_run_leaves_whole_pycs_and_the_next_completes_it() {
    let Some(oracle) = Oracle::find_or_skip("3.13", "ending::a_killed_run") else { return };
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_sources(whole.path());
    write_sources(killed.path());
    run(&oracle, whole.path());
    let expected = outputs(whole.path());
    assert_eq!(expected.len(), SOURCES);
    let mut most = 0;
    for kill in 0..KILLS {
        let (mut child, stdout) = start(&oracle, killed.path());
        // Each run is killed a little later than the one before.
        let lines = stdout.lines().take(1 + 20 * kill).count();
        assert_eq!(lines, 1 + 20 * kill);
        send(&child, Signal::KILL);
        assert!(!child.wait().unwrap().success());
        let found = outputs(killed.path());
        for (name, bytes) in &found {
            if name.ends_with(".pyc") {
                assert_eq!(bytes, &expected[name], "{name}");
            } else {
                assert!(name.ends_with(".tmp"), "{name}");
            }
        }
        assert!(found.len() < SOURCES, "the run was through before it was killed");
        most = most.max(found.len());
    }
    assert!(most > 0);
    run(&oracle, killed.path());
    let mut found = outputs(killed.path());
    found.retain(|name, _| !name.ends_with(".tmp"));
    assert_eq!(found, expected);
}

#[test]
fn an_interrupted_run_says_so_and_leaves_nothing_half_done() {
    let Some(oracle) = Oracle::find_or_skip("3.13", "ending::an_interrupted_run") else { return };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = tempfile::tempdir().unwrap();
        write_sources(folder.path());
        let (mut child, mut stdout) = start(&oracle, folder.path());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        assert!(first.starts_with("compiled tree/p0/m0.py to "), "{first}");
        send(&child, signal);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let last = rest.lines().last().unwrap_or_default();
        assert!(last.starts_with("interrupted: "), "{last}");
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(errors, "");
        let found = outputs(folder.path());
        assert!(found.len() < SOURCES);
        assert!(found.keys().all(|name| name.ends_with(".pyc")), "{:?}", found.keys());
    }
}

#[test]
fn an_interpreter_that_never_answers_does_not_hold_up_an_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let stub = folder.path().join("python");
    // Interrupts whoever started it, and then waits until that process has gone.
    fs::write(&stub, "#!/bin/sh\nkill -INT $PPID\nexec cat >/dev/null\n").unwrap();
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("a.py"), "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_prepyc"))
        .args(["compile", "--python", "./python", "a.py"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("interrupted: 0 compiled"), "{text}");
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let Some(oracle) = Oracle::find_or_skip("3.13", "ending::a_reader_that_goes_away") else { return };
    let folder = tempfile::tempdir().unwrap();
    write_sources(folder.path());
    let (mut child, stdout) = start(&oracle, folder.path());
    assert_eq!(stdout.lines().take(1).count(), 1);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(141), ""));
    assert!(outputs(folder.path()).keys().all(|name| name.ends_with(".pyc")));
}
