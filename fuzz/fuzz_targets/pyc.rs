//! A pyc: an error, or a program that survives being written and read, and differs from itself in nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prepyc_bytecode::{Pyc, PycHeader, diff};

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = PycHeader::decode(data) {
        assert_eq!(header.encode(), data[..PycHeader::LENGTH]);
    }
    let Ok(pyc) = Pyc::decode(data) else { return };
    let written = pyc.encode();
    let again = Pyc::decode(&written).expect("what was written is read");
    assert!(again.encode() == written, "not canonical");
    assert_eq!(diff::first_differences(&pyc.program, &again.program), []);
});
