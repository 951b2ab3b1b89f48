//! Source bytes for the parser of any version: a tree, or one error.
#![no_main]

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use prepyc_bytecode::Strings;
use prepyc_syntax::parse_module;
use prepyc_version::PyVersion;

fuzz_target!(|data: &[u8]| {
    let Some((&version, source)) = data.split_first() else { return };
    let version = PyVersion::ALL[usize::from(version) % PyVersion::ALL.len()];
    let (arena, mut strings) = (Bump::new(), Strings::new());
    let _ = parse_module(source, version.grammar(), &arena, &mut strings);
});
