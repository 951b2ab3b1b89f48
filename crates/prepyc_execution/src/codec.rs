//! Files of the executor's own: fields in a fixed order, between a first line that names the format and a digest of it all.
//!
//! Anything may stand in such a file by the time it is read again. What is not whole is not read at all; lengths are
//! held against what is there before anything is allocated.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::digest::Digest;
use crate::file_state::{FileState, Stamp};

/// Gathers the fields of a file.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(format: &str) -> Writer {
        Writer(format.as_bytes().to_vec())
    }

    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn digest(&mut self, digest: Digest) {
        self.0.extend_from_slice(&digest.0);
    }

    pub(crate) fn stamp(&mut self, stamp: Stamp) {
        self.0.extend_from_slice(&stamp.seconds.to_le_bytes());
        self.0.extend_from_slice(&stamp.nanoseconds.to_le_bytes());
    }

    pub(crate) fn state(&mut self, state: &FileState) {
        self.stamp(state.mtime);
        self.stamp(state.ctime);
        for number in [state.size_bytes, state.device, state.inode] {
            self.number(number);
        }
        self.0.extend_from_slice(&state.mode.to_le_bytes());
    }

    /// The file's bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let digest = Digest::of(&self.0);
        self.digest(digest);
        self.0
    }
}

/// Takes the fields of a file, in order; `None` where one is not there.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins to read a file of that format; `None` where it is of another, or not what was written.
    pub(crate) fn open(format: &str, file: &'a [u8]) -> Option<Reader<'a>> {
        let (whole, digest) = file.split_last_chunk::<{ Digest::SIZE_BYTES }>()?;
        let fields = whole.strip_prefix(format.as_bytes())?;
        (Digest::of(whole) == Digest(*digest)).then_some(Reader(fields))
    }

    fn array<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        let (array, rest) = self.0.split_first_chunk::<SIZE>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn digest(&mut self) -> Option<Digest> {
        self.array().map(Digest)
    }

    pub(crate) fn stamp(&mut self) -> Option<Stamp> {
        let seconds = self.array().map(i64::from_le_bytes)?;
        let nanoseconds = self.array().map(u32::from_le_bytes)?;
        Some(Stamp { seconds, nanoseconds })
    }

    pub(crate) fn state(&mut self) -> Option<FileState> {
        Some(FileState {
            mtime: self.stamp()?,
            ctime: self.stamp()?,
            size_bytes: self.number()?,
            device: self.number()?,
            inode: self.number()?,
            mode: self.array().map(u32::from_le_bytes)?,
        })
    }

    /// How many items follow, each of at least `size_bytes`: no more than there is room for.
    pub(crate) fn count(&mut self, size_bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / size_bytes).then_some(count)
    }

    /// Whether all of it was read.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a regular file that holds no more than so many bytes; anything else there is an error, and never waited for.
pub(crate) fn read_bounded(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    let invalid = |message: String| Err(io::Error::new(io::ErrorKind::InvalidData, message));
    if !metadata.is_file() {
        return invalid("it is no regular file".to_owned());
    }
    let mut bytes =
        Vec::with_capacity(usize::try_from(metadata.len().min(limit_bytes)).unwrap_or_default() + 1);
    file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        return invalid(format!("it is larger than {limit_bytes} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "test 1\n";

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.number(2);
        writer.bytes(b"abc");
        writer.finish()
    }

    #[test]
    fn what_was_written_is_read() {
        let file = sample();
        let mut reader = Reader::open(FORMAT, &file).unwrap();
        assert_eq!(reader.count(1), Some(2));
        assert_eq!(reader.bytes(), Some(&b"abc"[..]));
        assert!(reader.is_done());
        assert_eq!(reader.byte(), None);
    }

    #[test]
    fn any_change_and_any_cut_is_seen() {
        let file = sample();
        for length in 0..file.len() {
            assert!(Reader::open(FORMAT, &file[..length]).is_none());
            let mut changed = file.clone();
            changed[length] ^= 1;
            assert!(Reader::open(FORMAT, &changed).is_none());
        }
    }

    #[test]
    fn lengths_that_lie_are_held_against_what_is_there() {
        let mut writer = Writer::new(FORMAT);
        writer.number(u64::MAX);
        writer.number(u64::MAX);
        let file = writer.finish();
        let mut reader = Reader::open(FORMAT, &file).unwrap();
        assert_eq!(reader.count(1), None);
        assert_eq!(reader.bytes(), None);
    }
}
