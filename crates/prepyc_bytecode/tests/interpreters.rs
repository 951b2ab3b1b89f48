//! What we read, write and list, held against real interpreters on modules of their standard libraries.

use std::path::Path;

mod values;

use prepyc_bytecode::marshal::{Value, read_value, write_value};
use prepyc_bytecode::{
    CodeObject, Instructions, LocationTable, LocationTableWriter, Program, diff, exception_table,
};
use prepyc_testing::Oracle;
use prepyc_version::PyVersion;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Modules that are read, written, loaded again by the interpreter and compared.
const MODULES: usize = 200;
/// One in this many is listed as well, and compared with what `dis` says.
const LISTED: usize = 5;
/// Values of any kind that the interpreter loads and writes again.
const VALUES: usize = 400;

fn run(oracle: &Oracle, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interpreters/batch.py");
    let output = oracle.command().arg(script).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Has the interpreter compile modules into a batch.
fn compile(oracle: &Oracle, batch: &Path) {
    let count = MODULES.to_string();
    let mut arguments = vec!["compile", batch.to_str().unwrap(), &count];
    // The WebAssembly interpreter's own library is an archive; any other's sources serve as well.
    let library = Oracle::find("3.13").map(|other| other.stdlib());
    if oracle.version() == "3.12" {
        arguments.extend(library.iter().filter_map(|library| library.to_str()));
    }
    run(oracle, &arguments);
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

/// Everything that can be decoded is what encoding makes again.
fn check_tables(program: &Program, code: &CodeObject) {
    let name = program.str(code.qualname);
    let mut locations = LocationTableWriter::new(code.firstlineno);
    for entry in LocationTable::new(program.bytes(code.linetable), code.firstlineno) {
        let entry = entry.unwrap();
        locations.push(entry.code_units, entry.location);
    }
    assert_eq!(locations.finish(), program.bytes(code.linetable), "location table of {name}");
    let handlers = exception_table::decode(program.bytes(code.exceptiontable)).unwrap();
    assert_eq!(
        exception_table::encode(&handlers),
        program.bytes(code.exceptiontable),
        "exception table of {name}"
    );
    let mut again = Vec::new();
    for instruction in Instructions::new(program.bytes(code.code), program.version) {
        assert!(instruction.info.is_some(), "instruction {} of {name}", instruction.number);
        instruction.encode_into(program.version, &mut again);
    }
    assert_eq!(again, program.bytes(code.code), "instructions of {name}");
    code.inner().into_iter().for_each(|inner| check_tables(program, inner));
}

fn add_record(batch: &mut Vec<u8>, record: &[u8]) {
    batch.extend_from_slice(&u32::try_from(record.len()).unwrap().to_le_bytes());
    batch.extend_from_slice(record);
}

/// Reads and writes; returns a batch of what was written, for the interpreter to load and compare with its own.
fn rewrite(batch: &[u8], version: PyVersion) -> Vec<u8> {
    let mut written = Vec::new();
    for record in records(batch) {
        let program = Program::from_marshal(record, version).unwrap();
        let filename = program.str(program.code.filename);
        let bytes = program.to_marshal();
        let again = Program::from_marshal(&bytes, version).unwrap();
        assert!(again.to_marshal() == bytes, "not canonical: {filename}");
        assert!(bytes.len() <= record.len(), "longer than CPython's: {filename}");
        assert_eq!(diff::first_differences(&program, &again), [], "{filename}");
        check_tables(&program, &program.code);
        add_record(&mut written, &bytes);
    }
    written
}

/// The instructions and exception tables of a listing.
fn listed_code(listing: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    listing.lines().filter(move |line| {
        if !line.starts_with("    ") {
            inside = matches!(*line, "  code" | "  exceptions");
        }
        inside && line.starts_with("    ")
    })
}

/// Holds our listings against those that the interpreter made with `dis`.
fn check_listings(batch: &[u8], version: PyVersion, expected: &str) {
    let mut expected = expected.lines();
    let mut count = 0;
    for record in records(batch).step_by(LISTED) {
        let program = Program::from_marshal(record, version).unwrap();
        for line in listed_code(&program.to_string()) {
            let theirs = expected.next().unwrap_or("nothing");
            // A constant that Python shows in another way, or not always in the same.
            let same = match theirs.strip_suffix("(*)") {
                Some(shown) => line.starts_with(shown) && line.ends_with(')'),
                None => line == theirs,
            };
            assert!(same, "{}:\n{line}\n{theirs}", program.str(program.code.filename));
            count += 1;
        }
    }
    assert_eq!(expected.next(), None);
    assert!(count > 10_000, "only {count} lines");
}

/// Values of any kind, the same in each run.
fn arbitrary_values(version: PyVersion) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let mut value = || values::values(version).new_tree(&mut runner).unwrap().current();
    (0..VALUES).map(|_| values::build(&value(), version)).collect()
}

fn check(version: PyVersion) {
    let test = format!("bytecode of {version}");
    let Some(oracle) = Oracle::find_or_skip(&version.to_string(), &test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let paths = ["theirs", "ours", "listing", "values", "again"].map(|name| folder.path().join(name));
    let [theirs, ours, listing, values, again] = paths.each_ref().map(|path| path.to_str().unwrap());
    compile(&oracle, &paths[0]);
    let batch = std::fs::read(theirs).unwrap();
    let count = records(&batch).count();
    assert!(count >= MODULES / 2, "only {count} modules");
    std::fs::write(ours, rewrite(&batch, version)).unwrap();
    let arbitrary = arbitrary_values(version);
    let mut value_batch = Vec::new();
    arbitrary.iter().for_each(|value| add_record(&mut value_batch, &write_value(value)));
    std::fs::write(values, value_batch).unwrap();

    let compared = run(&oracle, &["compare", theirs, ours, listing, &LISTED.to_string(), values, again]);
    assert_eq!(compared.trim(), count.to_string());
    check_listings(&batch, version, &std::fs::read_to_string(listing).unwrap());
    let again = std::fs::read(again).unwrap();
    assert_eq!(records(&again).count(), arbitrary.len());
    for (record, value) in records(&again).zip(arbitrary) {
        assert_eq!(read_value(record, version), Ok(value));
    }
}

#[test]
fn python_311() {
    check(PyVersion::Py311);
}

#[test]
fn python_312() {
    check(PyVersion::Py312);
}

#[test]
fn python_313() {
    check(PyVersion::Py313);
}

#[test]
fn python_314() {
    check(PyVersion::Py314);
}

#[test]
fn python_315() {
    check(PyVersion::Py315);
}
