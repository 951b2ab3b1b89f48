//! Bytes that were made to do harm, and many that merely went wrong: an answer or an error, little memory, no panic.
//!
//! One test function: what is allocated is counted for the whole process.

use std::alloc::System;
use std::fmt::{self, Write};
use std::path::Path;

use prepyc_bytecode::marshal::{MAX_DEPTH, read_value, write_value};
use prepyc_bytecode::{FormatErrorKind, Program, Pyc, diff};
use prepyc_version::PyVersion;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Mutations tried on each version's pyc.
const MUTATIONS: u32 = 3_000;

/// Bytes that reading may allocate in sum, growing and giving back included: some, and so many for each byte read.
const ALLOCATION: usize = 1 << 16;
const ALLOCATION_PER_BYTE: usize = 256;

/// Runs the reading, and holds what it allocates against what it read.
fn measured<T>(length: usize, read: impl FnOnce() -> T) -> T {
    let region = Region::new(ALLOCATOR);
    let result = read();
    let change = region.change();
    let allocated = change.bytes_allocated.saturating_add_signed(change.bytes_reallocated.max(0));
    assert!(allocated <= ALLOCATION + ALLOCATION_PER_BYTE * length, "{allocated} bytes for {length}");
    result
}

/// Takes a listing, up to a limit.
struct Sink(usize);

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn pyc(version: PyVersion) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pycs");
    std::fs::read(folder.join(format!("everything.{version}.pyc"))).unwrap()
}

/// A sequence of numbers that look random, the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

/// One of the ways in which a file goes wrong.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(bytes.len());
    match numbers.below(8) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << numbers.below(8),
        2 => bytes[at] = numbers.below(256) as u8,
        3 => {
            let codes = b"0NFTS.iIlfgxysutaAzZr()[{}<>:c?";
            bytes[at] = codes[numbers.below(codes.len())] | (numbers.below(2) as u8) << 7;
        }
        4 => {
            let size: u32 = [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 40][numbers.below(6)];
            let end = bytes.len().min(at + 4);
            bytes[at..end].copy_from_slice(&size.to_le_bytes()[..end - at]);
        }
        5 => {
            let end = bytes.len().min(at + numbers.below(40));
            bytes.drain(at..end);
        }
        6 => {
            let from = numbers.below(bytes.len());
            let piece = bytes[from..bytes.len().min(from + numbers.below(200))].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let from = numbers.below(bytes.len());
            bytes.swap(at, from);
        }
    }
}

fn mutated_pycs_are_answered(version: PyVersion) {
    let original = pyc(version);
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ u64::from(version.minor()));
    let mut readable = 0;
    for _ in 0..MUTATIONS {
        let mut bytes = original.clone();
        for _ in 0..=numbers.below(4) {
            if !bytes.is_empty() {
                mutate(&mut bytes, &mut numbers);
            }
        }
        let Ok(pyc) = measured(bytes.len(), || Pyc::decode(&bytes)) else { continue };
        readable += 1;
        let written = pyc.encode();
        assert_eq!(Pyc::decode(&written).map(|again| again.encode()), Ok(written));
        // A listing may be as long as it likes, but comes to an end or is cut off.
        let _ = write!(Sink(1 << 22), "{pyc}");
    }
    assert!(readable > 100, "only {readable} mutations of {version} could be read");
}

/// The kind of error that any value's bytes give.
fn kind(bytes: &[u8]) -> Option<FormatErrorKind> {
    measured(bytes.len(), || read_value(bytes, PyVersion::Py315)).err().map(|error| error.kind)
}

fn deep_nesting_is_refused() {
    let containers: [(&[u8], &[u8]); 7] = [
        (b")\x01", b""),
        (b"(\x01\0\0\0", b""),
        (b"[\x01\0\0\0", b""),
        (b">\x01\0\0\0", b""),
        (b"<\x01\0\0\0", b""),
        (b"{N", b"0"),
        (b":NN", b""),
    ];
    for (open, close) in containers {
        let nested = |depth: u32| {
            let depth = depth as usize;
            [open.repeat(depth), b"N".to_vec(), close.repeat(depth)].concat()
        };
        let value = read_value(&nested(MAX_DEPTH - 1), PyVersion::Py315).unwrap();
        assert_eq!(read_value(&write_value(&value), PyVersion::Py315), Ok(value));
        assert_eq!(kind(&nested(MAX_DEPTH)), Some(FormatErrorKind::TooDeep), "{open:?}");
        assert_eq!(kind(&nested(1_000_000)), Some(FormatErrorKind::TooDeep), "{open:?}");
    }
}

/// Code objects in code objects, as deep as CPython reads them: nothing that walks them runs out of stack.
fn deep_code_is_walked() {
    let nested = |depth: usize| {
        let open = [&b"c"[..], &[0; 20], b"s\0\0\0\0)\x01"].concat();
        let close = b")\0)\0s\0\0\0\0Z\x01aZ\x01aZ\x01a\0\0\0\0s\0\0\0\0s\0\0\0\0";
        [open.repeat(depth), b"N".to_vec(), close.repeat(depth)].concat()
    };
    // A code object and its tuple of constants are two levels.
    let program = Program::from_marshal(&nested(MAX_DEPTH as usize / 2 - 1), PyVersion::Py313).unwrap();
    assert_eq!(Program::from_marshal(&program.to_marshal(), PyVersion::Py313), Ok(program.clone()));
    assert_eq!(diff::first_differences(&program, &program), []);
    write!(Sink(usize::MAX), "{program}").unwrap();
    assert_eq!(kind(&nested(MAX_DEPTH as usize / 2)), Some(FormatErrorKind::TooDeep));
    assert_eq!(kind(&nested(100_000)), Some(FormatErrorKind::TooDeep));
}

/// A tuple of the tuple before, twice, again and again: few bytes, 2^n objects.
fn doubling_is_refused() {
    let doubled = |times: u32, open: &[u8]| {
        let mut bytes = b"(".to_vec();
        bytes.extend((times + 1).to_le_bytes());
        bytes.extend(b"\xa9\x01g\0\0\0\0\0\0\0\0");
        for index in 0..times {
            bytes.extend(open);
            bytes.extend([b'r', index as u8, 0, 0, 0, b'r', index as u8, 0, 0, 0]);
        }
        bytes
    };
    assert_eq!(kind(&doubled(10, b"\xa9\x02")), None);
    for open in [&b"\xa9\x02"[..], b"\xdb\x02\0\0\0", b"\xbe\x02\0\0\0", b"\xbc\x02\0\0\0"] {
        assert_eq!(kind(&doubled(100, open)), Some(FormatErrorKind::TooMuchSharing), "{open:?}");
    }
}

/// A long string in many sets, each of which is sorted.
fn sorting_is_bounded() {
    let mut bytes = b")\x02\xf5\0\0\x10\0".to_vec();
    bytes.extend(vec![b'x'; 1 << 20]);
    for _ in 0..500 {
        bytes.extend(b">\x02\0\0\0r\0\0\0\0");
    }
    bytes.extend(b"N");
    assert_eq!(kind(&bytes), Some(FormatErrorKind::TooMuchSharing));
}

/// Names are kept as code objects have them, and made constants of once at most.
fn names_are_not_copied_again_and_again() {
    let mut bytes = b"(\xa0\x86\x01\0".to_vec();
    bytes.extend(b"\xe3");
    bytes.extend([0; 20]);
    bytes.extend(b"s\0\0\0\0)\0\xa8\x88\x13\0\0");
    bytes.extend(b"Z\x01a".repeat(5000));
    bytes.extend(b")\0s\0\0\0\0Z\x01aZ\x01aZ\x01a\0\0\0\0s\0\0\0\0s\0\0\0\0");
    for _ in 0..2_000 {
        bytes.extend(b"r\x01\0\0\0");
    }
    bytes.extend(b"N".repeat(100_000 - 2_001));
    assert_eq!(kind(&bytes), None);
}

fn claimed_sizes_are_not_believed() {
    for code in *b"sutaAl([<>" {
        let bytes = [code, 0xFF, 0xFF, 0xFF, 0x7F];
        assert_eq!(kind(&bytes), Some(FormatErrorKind::Truncated), "{}", char::from(code));
    }
    // Each level claims as many elements as there are bytes left.
    let mut bytes = Vec::new();
    for level in 0..1_999_u32 {
        bytes.push(b'(');
        bytes.extend((10_000 - 5 * level - 5).to_le_bytes());
    }
    bytes.resize(10_000, b'N');
    assert_eq!(kind(&bytes), Some(FormatErrorKind::Truncated));
}

#[test]
fn hostile_bytes_do_no_harm() {
    deep_nesting_is_refused();
    deep_code_is_walked();
    doubling_is_refused();
    sorting_is_bounded();
    names_are_not_copied_again_and_again();
    claimed_sizes_are_not_believed();
    for version in PyVersion::ALL {
        mutated_pycs_are_answered(version);
    }
}
