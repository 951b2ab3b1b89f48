//! Marshal data of any version: an error, or a value that survives being written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prepyc_bytecode::marshal::{read_value, write_value};
use prepyc_version::PyVersion;

fuzz_target!(|data: &[u8]| {
    let Some((&version, bytes)) = data.split_first() else { return };
    let version = PyVersion::ALL[usize::from(version) % PyVersion::ALL.len()];
    let Ok(value) = read_value(bytes, version) else { return };
    let written = write_value(&value);
    let again = read_value(&written, version).expect("what was written is read");
    assert!(write_value(&again) == written, "not canonical");
});
