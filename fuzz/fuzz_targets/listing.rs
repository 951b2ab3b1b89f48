//! The listing of whatever can be read comes to an end or is cut off.
#![no_main]

use std::fmt::{self, Write};

use libfuzzer_sys::fuzz_target;
use prepyc_bytecode::Pyc;

/// Takes text, up to a limit.
struct Sink(usize);

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(pyc) = Pyc::decode(data) {
        let _ = write!(Sink(1 << 22), "{pyc}");
    }
});
