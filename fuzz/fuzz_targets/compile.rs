//! Source bytes for the compiler of any version that has one, at any level: code that survives being written and read,
//! or one error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prepyc_bytecode::{Program, diff};
use prepyc_compiler::{Compiler, Optimize, supports};
use prepyc_version::PyVersion;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, source)) = data.split_first() else { return };
    let versions: Vec<_> = PyVersion::ALL.into_iter().filter(|&version| supports(version)).collect();
    let (version, level) = (usize::from(choice) % versions.len(), usize::from(choice) / versions.len());
    let levels = [Optimize::Level0, Optimize::Level1, Optimize::Level2];
    let mut compiler = Compiler::new(versions[version]).expect("it is supported");
    let Ok(compiled) = compiler.compile(source, "fuzz.py".into(), levels[level % levels.len()]) else { return };
    let written = compiled.program.to_marshal();
    let again = Program::from_marshal(&written, versions[version]).expect("what was written is read");
    assert_eq!(diff::first_differences(&compiled.program, &again), []);
});
