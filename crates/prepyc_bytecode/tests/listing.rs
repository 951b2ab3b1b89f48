//! What a listing looks like, whole. That it says what is so, `tests/interpreters.rs` sees to.

use std::path::Path;

use prepyc_bytecode::{Invalidation, Program, Pyc, PycHeader};
use prepyc_version::{Magic, PyRelease, PyVersion};

/// `compile("def f(a):\n    try:\n        return a\n    except ValueError:\n        pass\n", "a.py", "exec")` of 3.13,
/// marshalled and read.
fn program() -> Program {
    let bytes =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listing/program.marshal")).unwrap();
    Program::from_marshal(&bytes, PyVersion::Py313).unwrap()
}

#[test]
fn a_listing_says_everything_once() {
    let pyc =
        Pyc { invalidation: Invalidation::Timestamp { mtime: 1_700_000_000, size: 78 }, program: program() };
    assert_eq!(pyc.to_string(), include_str!("listing/program.txt"));
}

#[test]
fn headers_of_any_release_are_listed() {
    let listed = |magic, invalidation| PycHeader { magic, invalidation }.to_string();
    assert_eq!(
        listed(PyRelease::Py38.magic(), Invalidation::CheckedHash([0xAB; 8])),
        "magic         3413 (Python 3.8)\ninvalidation  checked hash: abababababababab\n"
    );
    assert_eq!(
        listed(Magic(1), Invalidation::UncheckedHash([1; 8])),
        "magic         1 (of no release that is known)\ninvalidation  unchecked hash: 0101010101010101\n"
    );
}

#[test]
fn what_makes_no_sense_is_listed_as_such() {
    let mut program = program();
    program.code.code = program.strings.intern_bytes(&[255, 1, 83, 200, 82, 7, 82, 0, 93, 9]);
    program.code.linetable = program.strings.intern_bytes(&[1, 2, 3]);
    program.code.exceptiontable = program.strings.intern_bytes(&[1]);
    let listing = program.to_string();
    for expected in [
        "<255>                      1\n",
        "200 (no such constant)\n",
        "the location table is malformed\n",
        "  exceptions\n    the exception table is malformed, at byte 0\n",
    ] {
        assert!(listing.contains(expected), "{expected:?} in {listing}");
    }
}
