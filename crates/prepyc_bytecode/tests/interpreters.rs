//! What we read and write, held against real interpreters.
//!
//! They are looked for in `$PREPYC_ORACLES/bin`, else `~/.cache/prepyc-oracles/bin` (`cargo xtask oracles` puts them
//! there). One that is missing is a failure where `CI` is `true`; elsewhere the test says what it left out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use prepyc_bytecode::Program;
use prepyc_version::PyVersion;

/// Modules of each standard library.
const MODULES: usize = 300;

/// The interpreter, if it is installed.
fn interpreter(version: PyVersion) -> Option<PathBuf> {
    let folder = match std::env::var_os("PREPYC_ORACLES") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache/prepyc-oracles"),
    };
    let path = folder.join(format!("bin/python{version}"));
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!required, "{} is missing", path.display());
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "skipped: {} is missing", path.display()).unwrap();
    None
}

fn run(interpreter: &Path, script: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interpreters").join(script);
    let output = Command::new(interpreter).arg(script).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn records(batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        let (size, after) = rest.split_first_chunk::<4>()?;
        let (record, after) = after.split_at(u32::from_le_bytes(*size) as usize);
        rest = after;
        Some(record)
    })
}

/// Reads, writes, and has the interpreter load what was written and compare it with what it had made itself.
fn check_marshal(version: PyVersion) {
    let Some(python) = interpreter(version) else { return };
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs");
    let ours = folder.path().join("ours");
    let [theirs_text, ours_text] = [theirs.to_str().unwrap(), ours.to_str().unwrap()];
    // Pyodide's library is in an archive; any other serves as well.
    let library = interpreter(PyVersion::Py313).map(|python| run(&python, "library.py", &[]));
    let mut arguments = vec!["compile".to_owned(), theirs_text.to_owned(), MODULES.to_string()];
    if version == PyVersion::Py312 {
        arguments.extend(library);
    }
    run(&python, "batch.py", &arguments.iter().map(String::as_str).collect::<Vec<_>>());

    let theirs = std::fs::read(&theirs).unwrap();
    let mut written = Vec::new();
    let mut count = 0;
    for record in records(&theirs) {
        let program = Program::from_marshal(record, version).unwrap();
        let bytes = program.to_marshal();
        let again = Program::from_marshal(&bytes, version).unwrap();
        assert!(again.to_marshal() == bytes, "not canonical: {}", program.str(program.code.filename));
        assert!(bytes.len() <= record.len(), "longer: {}", program.str(program.code.filename));
        written.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        written.extend_from_slice(&bytes);
        count += 1;
    }
    assert!(count >= MODULES / 2, "only {count} modules");
    std::fs::write(&ours, written).unwrap();
    let compared = run(&python, "batch.py", &["compare", theirs_text, ours_text]);
    assert_eq!(compared.trim(), count.to_string());
}

#[test]
fn marshal_of_311() {
    check_marshal(PyVersion::Py311);
}

#[test]
fn marshal_of_312() {
    check_marshal(PyVersion::Py312);
}

#[test]
fn marshal_of_313() {
    check_marshal(PyVersion::Py313);
}

#[test]
fn marshal_of_314() {
    check_marshal(PyVersion::Py314);
}

#[test]
fn marshal_of_315() {
    check_marshal(PyVersion::Py315);
}
