//! How much of anything is read: what is beyond is refused with a message, never a crash.

/// So large may a BUILD, .bzl, MODULE.bazel or WORKSPACE file be.
pub(crate) const FILE_BYTES: u64 = 16 << 20;

/// So deep may expressions and blocks lie in each other. Generated files stay below a hundred.
pub(crate) const NESTING: u32 = 1_000;

/// So many calls may be open at once.
pub(crate) const CALL_DEPTH: usize = 200;

/// So many calls and rounds of loops may one file take. A loop can nest a value once a round, and keeping a value takes some
/// 200 bytes of stack for each of its levels.
pub(crate) const STEPS: u64 = 4_000_000;

/// So much may the values of one file take.
pub(crate) const HEAP_BYTES: usize = 512 << 20;

/// So many digits may a number have that is read from a text: what it takes grows with their square.
pub(crate) const NUMBER_DIGITS: usize = 4_300;

/// So deep may values lie in each other that are written as JSON.
pub(crate) const JSON_DEPTH: u32 = 1_000;

/// So many .bzl files may load each other in a row.
pub(crate) const LOAD_DEPTH: usize = 500;

/// So deep may lists and dictionaries lie in each other in an attribute.
pub(crate) const VALUE_DEPTH: u32 = 32;

/// So deep may folders lie below a repository's own.
pub(crate) const FOLDER_DEPTH: usize = 256;

/// The stack of a thread that parses and evaluates, for what the limits above leave possible.
pub(crate) const STACK_BYTES: usize = 1 << 30;
