//! Python's strings, and a program's table of them, of byte strings and of lists of names.
//!
//! A `str` may hold lone surrogates, which UTF-8 cannot. Its bytes here are those of marshal's
//! `surrogatepass`: UTF-8 in which a surrogate stands as three bytes like any other code point of the plane.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::interner::Interner;

/// The text of a Python `str`: UTF-8, with surrogates allowed as three bytes each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PyStr<'a>(&'a [u8]);

/// The bytes are not UTF-8, not even with surrogates allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not UTF-8")]
pub struct NotWtf8;

impl<'a> PyStr<'a> {
    /// The string of these bytes, checked as Python's `bytes.decode("utf-8", "surrogatepass")` would.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<PyStr<'a>, NotWtf8> {
        let mut rest = bytes;
        while let Err(error) = std::str::from_utf8(rest) {
            // Surrogates, U+D800 to U+DFFF, are ED A0..BF 80..BF.
            match rest[error.valid_up_to()..] {
                [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => rest = &rest[error.valid_up_to() + 3..],
                _ => return Err(NotWtf8),
            }
        }
        Ok(PyStr(bytes))
    }

    /// The bytes, as marshal has them.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, where there are no surrogates in it.
    pub fn to_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// Whether every character is ASCII.
    pub const fn is_ascii(self) -> bool {
        self.0.is_ascii()
    }

    /// Whether the string has no characters.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether all characters are ASCII letters, digits and underscores; so for the empty string.
    ///
    /// CPython interns a string constant of which this holds (`Objects/codeobject.c`, `all_name_chars`).
    pub fn is_name_like(self) -> bool {
        self.0.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// The code points, surrogates among them.
    pub fn code_points(self) -> impl Iterator<Item = u32> + 'a {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let &first = rest.first()?;
            let (length, mut code_point) = match first {
                0..=0x7F => (1, u32::from(first)),
                0x80..=0xDF => (2, u32::from(first & 0x1F)),
                0xE0..=0xEF => (3, u32::from(first & 0x0F)),
                0xF0.. => (4, u32::from(first & 0x07)),
            };
            for &byte in &rest[1..length] {
                code_point = code_point << 6 | u32::from(byte & 0x3F);
            }
            rest = &rest[length..];
            Some(code_point)
        })
    }
}

impl<'a> From<&'a str> for PyStr<'a> {
    fn from(text: &'a str) -> PyStr<'a> {
        PyStr(text.as_bytes())
    }
}

/// The text, with U+FFFD for each surrogate.
impl fmt::Display for PyStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_str() {
            Some(text) => f.pad(text),
            None => {
                let text: String = self
                    .code_points()
                    .map(|code_point| char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                f.pad(&text)
            }
        }
    }
}

impl fmt::Debug for PyStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::repr::write_str(f, *self)
    }
}

/// A string of a program: its index in the program's [`Strings`].
///
/// Dense: the first string interned is number 0, which is also the default. Ids of different tables have nothing to do with
/// each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrId(u32);

impl StrId {
    /// The position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A byte string of a code object (`co_code` and the like): its index in the program's [`Strings`]. Equal ones have one
/// id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BytesId(u32);

impl BytesId {
    /// The position in the table.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A list of names of a code object (`co_names` and the like): its index in the program's [`Strings`]. Equal ones have
/// one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamesId(u32);

impl NamesId {
    /// The position in the table.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A program's strings, and the byte strings and lists of names of its code objects: each once, in one buffer for those
/// of a kind, under a dense id.
#[derive(Clone, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where in `bytes` each string ends.
    ends: Vec<usize>,
    /// Ids with the hashes of their texts, so that growing never looks at a text again.
    table: HashTable<(u64, StrId)>,
    /// Random, so that no input can be made to collide; what is interned does not depend on it.
    hasher: RandomHasher,
    byte_strings: Interner<u8>,
    name_lists: Interner<StrId>,
}

/// Bytes that most strings have no more than.
pub(crate) const SHORT: usize = 32;

type RandomHasher = hashbrown::DefaultHashBuilder;

impl Strings {
    /// An empty table.
    pub fn new() -> Strings {
        Strings::default()
    }

    /// The id of the string, which is added if it is new.
    ///
    /// # Panics
    /// If there are more than 2³² strings.
    pub fn intern<'a>(&mut self, string: impl Into<PyStr<'a>>) -> StrId {
        let string = string.into();
        let hash = self.hasher.hash_one(string.as_bytes());
        let Strings { bytes, ends, table, .. } = self;
        let is_it = |&(known, id): &(u64, StrId)| known == hash && bytes_of(bytes, ends, id) == string.0;
        match table.entry(hash, is_it, |&(hash, _)| hash) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                let id = StrId(u32::try_from(ends.len()).expect("at most 2^32 strings in a program"));
                bytes.extend_from_slice(string.0);
                ends.push(bytes.len());
                entry.insert((hash, id));
                id
            }
        }
    }

    /// Makes room for that many more strings of that many bytes altogether, so that interning them moves nothing.
    pub fn reserve(&mut self, strings: usize, size_bytes: usize) {
        self.bytes.reserve(size_bytes);
        self.ends.reserve(strings);
        self.table.reserve(strings, |&(hash, _)| hash);
    }

    /// The id of the string, if the table has it.
    pub fn find<'a>(&self, string: impl Into<PyStr<'a>>) -> Option<StrId> {
        let string = string.into();
        let hash = self.hasher.hash_one(string.as_bytes());
        self.table.find(hash, |&(_, id)| self.get(id) == string).map(|&(_, id)| id)
    }

    /// The string of that id.
    ///
    /// # Panics
    /// If the id is of another table and this one is smaller.
    pub fn get(&self, id: StrId) -> PyStr<'_> {
        PyStr(bytes_of(&self.bytes, &self.ends, id))
    }

    /// The string of that id, and with it at least as many bytes as [`SHORT`] where so many stand behind its first one:
    /// to copy a fixed number of bytes needs no guess at how many there are.
    #[inline]
    pub(crate) fn get_with_more(&self, id: StrId) -> (PyStr<'_>, Option<&[u8; SHORT]>) {
        let start = if id.0 == 0 { 0 } else { self.ends[id.index() - 1] };
        let text = &self.bytes[start..self.ends[id.index()]];
        (PyStr(text), self.bytes[start..].first_chunk())
    }

    /// Makes room for what so many code objects take, of a source of that many bytes.
    pub fn reserve_code(&mut self, objects: usize, source_bytes: usize) {
        // By what they take of libraries: few exception tables, many equal lists of names.
        self.byte_strings.reserve(3 * objects, source_bytes / 4 * 3);
        self.name_lists.reserve(2 * objects, 10 * objects);
    }

    /// The id of the byte string, which is added if it is new.
    ///
    /// # Panics
    /// If there are more than 2³² byte strings.
    pub fn intern_bytes(&mut self, bytes: &[u8]) -> BytesId {
        BytesId(self.byte_strings.intern(bytes))
    }

    /// The id of the byte string, if the table has it.
    pub(crate) fn find_bytes(&self, bytes: &[u8]) -> Option<BytesId> {
        self.byte_strings.find(bytes).map(BytesId)
    }

    /// The byte string of that id.
    ///
    /// # Panics
    /// If the id is of another table and this one is smaller.
    pub fn bytes(&self, id: BytesId) -> &[u8] {
        self.byte_strings.get(id.0)
    }

    /// The id of the list of names, which is added if it is new.
    ///
    /// # Panics
    /// If there are more than 2³² lists.
    pub fn intern_names(&mut self, names: &[StrId]) -> NamesId {
        NamesId(self.name_lists.intern(names))
    }

    /// The list of names of that id.
    ///
    /// # Panics
    /// If the id is of another table and this one is smaller.
    pub fn names(&self, id: NamesId) -> &[StrId] {
        self.name_lists.get(id.0)
    }

    /// How many bytes all strings and byte strings have together.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len() + self.byte_strings.item_count()
    }

    /// Whether every character of every string is ASCII.
    pub(crate) fn are_ascii(&self) -> bool {
        self.bytes.is_ascii()
    }

    /// How many byte strings there are.
    pub(crate) fn byte_string_count(&self) -> usize {
        self.byte_strings.len()
    }

    /// How many lists of names there are.
    pub(crate) fn name_list_count(&self) -> usize {
        self.name_lists.len()
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

fn bytes_of<'a>(bytes: &'a [u8], ends: &[usize], id: StrId) -> &'a [u8] {
    let start = if id.0 == 0 { 0 } else { ends[id.index() - 1] };
    &bytes[start..ends[id.index()]]
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = (0..self.ends.len()).map(|index| self.get(StrId(index as u32)));
        f.debug_list().entries(texts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_are_strings_and_broken_utf8_is_not() {
        for good in [&b"abc"[..], b"", "h\u{e9}\u{1F600}".as_bytes(), b"a\xED\xA0\x80b\xED\xBF\xBF"] {
            assert_eq!(PyStr::from_bytes(good).map(PyStr::as_bytes), Ok(good));
        }
        for bad in [&b"\x80"[..], b"\xED\xA0", b"\xC0\x80", b"\xED\xA0\x41", b"\xF8\x88\x80\x80\x80"] {
            assert_eq!(PyStr::from_bytes(bad), Err(NotWtf8), "{bad:?}");
        }
    }

    #[test]
    fn code_points_are_those_of_the_str() {
        let string = PyStr::from_bytes("a\u{e9}\u{20AC}\u{1F600}\u{7f}".as_bytes()).unwrap();
        assert_eq!(string.code_points().collect::<Vec<_>>(), [0x61, 0xE9, 0x20AC, 0x1F600, 0x7F]);
        let lone = PyStr::from_bytes(b"\xED\xA0\x80").unwrap();
        assert_eq!(lone.code_points().collect::<Vec<_>>(), [0xD800]);
        assert_eq!(lone.to_str(), None);
        assert_eq!(lone.to_string(), "\u{FFFD}");
    }

    #[test]
    fn a_text_has_one_dense_id() {
        let mut strings = Strings::new();
        let texts: Vec<String> = (0..1000).map(|number| format!("name_{}", number % 500)).collect();
        let ids: Vec<StrId> = texts.iter().map(|text| strings.intern(text.as_str())).collect();
        assert_eq!(strings.len(), 500);
        for (index, id) in ids.iter().enumerate() {
            assert_eq!(id.index(), index % 500);
            assert_eq!(strings.get(*id).to_str(), Some(texts[index].as_str()));
        }
        assert_eq!(strings.find("name_3"), Some(ids[3]));
        assert_eq!(strings.find("name_500"), None);
        let empty = strings.intern("");
        assert_eq!(strings.get(empty), PyStr::from(""));
    }

    #[test]
    fn names_are_told_from_other_text() {
        for (text, expected) in
            [("abc_09", true), ("", true), ("a b", false), ("\u{e9}", false), ("a.b", false)]
        {
            assert_eq!(PyStr::from(text).is_name_like(), expected, "{text:?}");
        }
    }
}
