//! Where the real interpreters are, and how the tests ask for a compile.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use prepyc_engine::{
    CompileFailure, CompileRequest, CompileResult, Diagnostic, Engine, Filename, Limits, Optimize,
};
use prepyc_testing::Oracle;

/// The interpreters with a driver-capable build, oldest first.
pub(crate) const ORACLES: [&str; 4] = ["3.11", "3.13", "3.14", "3.15"];

/// The path of the interpreter `python3.x` that `cargo xtask oracles` has installed.
///
/// None where it has not, which counts as a skip and fails where CI=true.
pub(crate) fn oracle(version: &str) -> Option<PathBuf> {
    Some(Oracle::find_or_skip(version, "engine")?.executable().to_owned())
}

/// All oracles that are there.
pub(crate) fn oracles() -> Vec<PathBuf> {
    ORACLES.iter().filter_map(|version| oracle(version)).collect()
}

/// All oracles that are there, and other releases where this machine has them.
pub(crate) fn every_python() -> Vec<PathBuf> {
    let others = machine_pythons(&["3.8", "3.9", "3.10", "3.12"]).into_iter().map(|(_, python)| python);
    oracles().into_iter().chain(others).collect()
}

/// Pythons of this machine, pyenv's or `python3.x` on PATH, for releases that no oracle serves.
pub(crate) fn machine_pythons(versions: &[&'static str]) -> Vec<(&'static str, PathBuf)> {
    let mut found = Vec::new();
    for &version in versions {
        let name = format!("python{version}");
        let pyenv = env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv/versions"));
        let pyenv = pyenv.and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
        let pyenv = pyenv.map(|entry| entry.path().join("bin").join(&name));
        let path = env::var_os("PATH").unwrap_or_default();
        let path: Vec<_> = env::split_paths(&path).map(|folder| folder.join(&name)).collect();
        // A pyenv shim exists for versions that are not there too: it has to run.
        let runs = |python: &PathBuf| {
            Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success())
        };
        match pyenv.chain(path).filter(|python| python.exists()).find(runs) {
            Some(python) => found.push((version, python)),
            None => report(&format!("skipped: no {name} on this machine")),
        }
    }
    found
}

/// Says why a test has less to do than it could.
pub(crate) fn report(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

pub(crate) fn engine(python: &Path) -> Engine {
    Engine::interpreter(python, 2, Limits::STANDARD).expect("the interpreter starts")
}

pub(crate) fn request(source: &[u8], filename: &str) -> CompileRequest {
    CompileRequest {
        source: source.into(),
        filename: Filename::from_bytes(filename),
        optimize: Optimize::None,
    }
}

/// Why a source was rejected.
pub(crate) fn rejection(result: CompileResult) -> Diagnostic {
    match result {
        Err(CompileFailure::Rejected { diagnostic, .. }) => *diagnostic,
        other => panic!("not rejected: {other:?}"),
    }
}

/// Runs a script in an interpreter and returns what it printed.
pub(crate) fn run_python(python: &Path, script: &str, arguments: &[&std::ffi::OsStr]) -> String {
    let output = Command::new(python)
        .args(["-S", "-B", "-X", "utf8", "-c", script])
        .args(arguments)
        .env_remove("PYTHONPATH")
        .output()
        .expect("the interpreter runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the interpreter printed UTF-8")
}
