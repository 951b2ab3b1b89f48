//! The exception table (`co_exceptiontable`): which handler takes over when code raises.
//!
//! An entry is four numbers: where the range begins, its length, the handler, and the stack depth with a flag.
//! Numbers are six bits a byte, highest first, bit 6 saying that more follow; bit 7 marks the first byte of an
//! entry (CPython: `InternalDocs/exception_handling.md`).

use std::fmt;

use crate::error::{FormatError, FormatErrorKind};

/// A range of instructions and its handler. Positions are in code units from the beginning of `co_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExceptionEntry {
    /// The first code unit of the range.
    pub start: u32,
    /// The first code unit behind the range.
    pub end: u32,
    /// Where the handler begins.
    pub target: u32,
    /// How many values stay on the stack.
    pub depth: u32,
    /// Whether the raising instruction's position is pushed as well, for `RERAISE`.
    pub lasti: bool,
}

/// Offsets in bytes, as listings have them.
impl fmt::Display for ExceptionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [start, end, target] =
            [self.start, self.end, self.target].map(|position| 2 * u64::from(position));
        let lasti = if self.lasti { ", lasti" } else { "" };
        write!(f, "{start} to {end}: {target}, depth {}{lasti}", self.depth)
    }
}

/// Numbers in the table have at most 30 bits (CPython: `Python/assemble.c`).
const MAX_BITS: u32 = 30;

/// Marks the first byte of an entry.
const ENTRY: u8 = 0x80;
/// Says that the number goes on.
const MORE: u8 = 0x40;

/// The table's bytes.
///
/// # Panics
/// If a range ends before it begins, or a number has more than 30 bits.
pub fn encode(entries: &[ExceptionEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| write_entry(&mut bytes, entry));
    bytes
}

/// Appends an entry to a table's bytes.
///
/// # Panics
/// As [`encode`] does.
pub fn write_entry(bytes: &mut Vec<u8>, entry: &ExceptionEntry) {
    let length = entry.end.checked_sub(entry.start).expect("a range ends behind its beginning");
    write_number(bytes, entry.start, ENTRY);
    write_number(bytes, length, 0);
    write_number(bytes, entry.target, 0);
    write_number(bytes, entry.depth << 1 | u32::from(entry.lasti), 0);
}

fn write_number(bytes: &mut Vec<u8>, number: u32, mut mark: u8) {
    assert!(number >> MAX_BITS == 0, "numbers in an exception table have {MAX_BITS} bits");
    for shift in [24, 18, 12, 6] {
        if number >> shift != 0 {
            bytes.push(mark | MORE | (number >> shift & 0x3F) as u8);
            mark = 0;
        }
    }
    bytes.push(mark | (number & 0x3F) as u8);
}

/// The table's entries.
///
/// # Errors
/// If the table ends inside an entry, a mark is missing or out of place, or a number is too large.
pub fn decode(bytes: &[u8]) -> Result<Vec<ExceptionEntry>, FormatError> {
    let mut reader = Reader { bytes, position: 0 };
    let mut entries = Vec::new();
    while reader.position < bytes.len() {
        let start = reader.position;
        let entry =
            reader.entry().ok_or(FormatError { kind: FormatErrorKind::ExceptionTable, offset: start })?;
        entries.push(entry);
    }
    Ok(entries)
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Reader<'_> {
    fn entry(&mut self) -> Option<ExceptionEntry> {
        let start = self.number(ENTRY)?;
        let end = start + self.number(0)?;
        let target = self.number(0)?;
        let depth = self.number(0)?;
        Some(ExceptionEntry { start, end, target, depth: depth >> 1, lasti: depth & 1 != 0 })
    }

    fn number(&mut self, mut mark: u8) -> Option<u32> {
        let mut number = 0_u32;
        loop {
            let byte = *self.bytes.get(self.position)?;
            self.position += 1;
            if byte & ENTRY != mark || number >> (MAX_BITS - 6) != 0 {
                return None;
            }
            mark = 0;
            number = number << 6 | u32::from(byte & 0x3F);
            if byte & MORE == 0 {
                return Some(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_highest_bits_first() {
        let entry = ExceptionEntry { start: 20, end: 20 + 63, target: 64, depth: 2000, lasti: true };
        let bytes = encode(&[entry]);
        assert_eq!(bytes, [0x80 | 20, 63, 0x41, 0, 0x40 | 62, 33]);
        assert_eq!(decode(&bytes), Ok(vec![entry]));
        let large = ExceptionEntry {
            start: (1 << 30) - 1,
            end: (1 << 30) - 1,
            target: 1 << 24,
            depth: 0,
            lasti: false,
        };
        let bytes = encode(&[large]);
        assert_eq!(bytes, [0xFF, 0x7F, 0x7F, 0x7F, 0x3F, 0, 0x41, 0x40, 0x40, 0x40, 0, 0]);
        assert_eq!(decode(&bytes), Ok(vec![large]));
    }

    #[test]
    fn malformed_tables_are_errors() {
        for bytes in
            [&b"\x81"[..], b"\x01\x01\x01\x01", b"\x81\x81\x01\x01", b"\xff\x7f\x7f\x7f\x7f\x7f\x01\x01\x01"]
        {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in prop::collection::vec((0..1_u32 << 29, 0..1_u32 << 29, 0..1_u32 << 30, 0..1_u32 << 29, any::<bool>()), 0..20),
        ) {
            let entries: Vec<_> = numbers
                .into_iter()
                .map(|(start, length, target, depth, lasti)| {
                    ExceptionEntry { start, end: start + length, target, depth, lasti }
                })
                .collect();
            prop_assert_eq!(decode(&encode(&entries)), Ok(entries));
        }

        #[test]
        fn any_bytes_give_entries_or_an_error(bytes: Vec<u8>) {
            if let Ok(entries) = decode(&bytes) {
                prop_assert!(entries.len() * 4 <= bytes.len());
            }
        }
    }
}
