//! Which objects are flagged, and which are written as references: decided here, nowhere else.
//!
//! Each object that could be referred to gets a slot when its writing begins, so that slots are in the order in
//! which CPython's reader counts objects. When an object of the same value comes again, a reference to
//! the slot takes its place: five bytes, whatever the index turns out to be. Once everything stands, the slots
//! that were referred to are flagged and numbered, and the numbers are patched into the references.
//!
//! Values are compared by the bytes they were written as (numbers, bytes), by id (strings), or by the slots of
//! their elements (tuples, frozensets, slices). `1`, `1.0` and `True` never meet, nor do `0.0` and `-0.0`.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{FLAG_REF, type_code};
use crate::strings::{StrId, Strings};

/// What an object is known by inside its container: its slot, or a number above all slots for those that
/// have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Word(u32);

impl Word {
    const SINGLETONS: u32 = u32::MAX - 0xFF;
    const SMALL_INTS: u32 = u32::MAX - 0x3FF;

    /// The empty tuple, of which CPython has one.
    pub(super) const EMPTY_TUPLE: Word = Word::singleton(type_code::SMALL_TUPLE);

    /// None, a bool and the like, by its type code.
    pub(super) const fn singleton(type_code: u8) -> Word {
        Word(Word::SINGLETONS + type_code as u32)
    }

    /// An integer of which CPython has only one (-5 to 256): no reference to it gains anything.
    pub(super) fn small_int(value: i64) -> Option<Word> {
        (-5..=256).contains(&value).then(|| Word(Word::SMALL_INTS + (value + 5) as u32))
    }
}

/// How a string is used, which decides its type code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StringUse {
    /// As a name, file name or qualified name: interned.
    Name,
    /// As a constant: interned if it could be a name.
    Constant,
}

/// Whether equal values are written as references.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// As a pyc has them.
    References,
    /// Every object in full, to compare values by.
    None,
}

/// An object that was written, or is being written.
struct Slot {
    /// Where its type code stands, counted from the beginning of the output.
    start: u32,
    referenced: bool,
    key: Key,
}

/// What an object is compared by.
enum Key {
    /// Not at all: it is not complete, or no reference to it may be made.
    Unique,
    /// A string, and whether a name position uses it.
    String { name: bool },
    /// The bytes of the output from its start to here.
    Bytes { end: u32 },
    /// Its type code and a part of `words`.
    Words { start: u32, end: u32 },
}

/// The beginning of an object, to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    slot: usize,
    start: usize,
    uses: usize,
    words: usize,
}

/// The reference tracking of one output.
pub(super) struct Refs {
    tracking: Tracking,
    /// Where the output begins in the buffer.
    base: usize,
    slots: Vec<Slot>,
    /// By string: its slot plus one, or zero.
    string_slots: Vec<u32>,
    /// Numbers and bytes: hashes and slots.
    leaves: HashTable<(u64, u32)>,
    /// Tuples, frozensets, slices: hashes and slots.
    containers: HashTable<(u64, u32)>,
    /// The words of complete containers.
    words: Vec<Word>,
    /// The words of the containers being written.
    open_words: Vec<Word>,
    /// Each reference: where its index stands in the output, and the slot.
    uses: Vec<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

/// Positions and slots: marshal's own sizes have 31 bits.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("marshal data is shorter than 4 GiB")
}

impl Refs {
    /// For an output that begins at `base`, of values with these strings.
    pub(super) fn new(tracking: Tracking, base: usize, strings: &Strings) -> Refs {
        let strings = if tracking == Tracking::References { strings.len() } else { 0 };
        Refs {
            tracking,
            base,
            // There are about as many other objects as strings, not all of them different.
            slots: Vec::with_capacity(2 * strings),
            string_slots: vec![0; strings],
            leaves: HashTable::with_capacity(strings / 2),
            containers: HashTable::with_capacity(strings / 2),
            words: Vec::new(),
            open_words: Vec::new(),
            uses: Vec::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// An object begins at the end of the output.
    pub(super) fn begin(&mut self, out: &[u8]) -> Mark {
        let mark = Mark {
            slot: self.slots.len(),
            start: out.len(),
            uses: self.uses.len(),
            words: self.open_words.len(),
        };
        if self.tracking == Tracking::References {
            let start = narrow(out.len() - self.base);
            self.slots.push(Slot { start, referenced: false, key: Key::Unique });
        }
        mark
    }

    /// The next element of the innermost container is this one.
    pub(super) fn element(&mut self, word: Word) {
        self.open_words.push(word);
    }

    /// A string that was written before: a reference to it is written.
    pub(super) fn known_string(&mut self, out: &mut Vec<u8>, id: StrId, usage: StringUse) -> Option<Word> {
        let slot = self.string_slots.get(id.index())?.checked_sub(1)?;
        if let Key::String { name } = &mut self.slots[slot as usize].key {
            *name |= usage == StringUse::Name;
        }
        Some(self.refer(out, slot))
    }

    /// The string that began at the mark is complete.
    pub(super) fn string(&mut self, mark: Mark, id: StrId, usage: StringUse) -> Word {
        let word = self.unique(mark);
        if self.tracking == Tracking::References {
            self.slots[mark.slot].key = Key::String { name: usage == StringUse::Name };
            self.string_slots[id.index()] = word.0 + 1;
        }
        word
    }

    /// The number or bytes that began at the mark are complete, to the end of the output.
    pub(super) fn leaf(&mut self, out: &mut Vec<u8>, mark: Mark) -> Word {
        if self.tracking == Tracking::None {
            return self.unique(mark);
        }
        let written = &out[mark.start..];
        let hash = self.hasher.hash_one(written);
        let same = |&(other, slot): &(u64, u32)| {
            let slot = &self.slots[slot as usize];
            let Key::Bytes { end } = slot.key else { return false };
            other == hash && out[self.base + slot.start as usize..self.base + end as usize] == *written
        };
        if let Some(&(_, slot)) = self.leaves.find(hash, same) {
            return self.replace(out, mark, slot);
        }
        self.slots[mark.slot].key = Key::Bytes { end: narrow(out.len() - self.base) };
        self.leaves.insert_unique(hash, (hash, narrow(mark.slot)), |&(hash, _)| hash);
        self.unique(mark)
    }

    /// The tuple, frozenset or slice that began at the mark is complete, to the end of the output.
    pub(super) fn container(&mut self, out: &mut Vec<u8>, mark: Mark) -> Word {
        if self.tracking == Tracking::None {
            return self.unique(mark);
        }
        let elements = &self.open_words[mark.words..];
        let type_code = out[mark.start];
        let hash = self.hasher.hash_one((type_code, elements));
        let same = |&(other, slot): &(u64, u32)| {
            let slot = &self.slots[slot as usize];
            let Key::Words { start, end } = slot.key else { return false };
            other == hash
                && out[self.base + slot.start as usize] == type_code
                && self.words[start as usize..end as usize] == *elements
        };
        if let Some(&(_, slot)) = self.containers.find(hash, same) {
            return self.replace(out, mark, slot);
        }
        let start = narrow(self.words.len());
        self.words.extend_from_slice(elements);
        self.slots[mark.slot].key = Key::Words { start, end: narrow(self.words.len()) };
        self.containers.insert_unique(hash, (hash, narrow(mark.slot)), |&(hash, _)| hash);
        self.unique(mark)
    }

    /// The object that began at the mark is complete, and no reference to it will be made.
    pub(super) fn unique(&mut self, mark: Mark) -> Word {
        self.open_words.truncate(mark.words);
        Word(narrow(mark.slot))
    }

    /// Takes back the object that began at the mark, for one of the same value stands already. All in it was
    /// known before, so its slot is the newest.
    fn replace(&mut self, out: &mut Vec<u8>, mark: Mark, slot: u32) -> Word {
        debug_assert_eq!(self.slots.len(), mark.slot + 1);
        out.truncate(mark.start);
        self.slots.truncate(mark.slot);
        self.uses.truncate(mark.uses);
        self.open_words.truncate(mark.words);
        self.refer(out, slot)
    }

    fn refer(&mut self, out: &mut Vec<u8>, slot: u32) -> Word {
        out.push(type_code::REF);
        self.uses.push((narrow(out.len() - self.base), slot));
        out.extend_from_slice(&[0; 4]);
        Word(slot)
    }

    /// Flags what is referred to and fills in the references.
    pub(super) fn finish(mut self, out: &mut [u8]) {
        let out = &mut out[self.base..];
        for &(_, slot) in &self.uses {
            self.slots[slot as usize].referenced = true;
        }
        // From here on `start` of a slot that is referred to is its index.
        let mut index = 0;
        for slot in &mut self.slots {
            let code = &mut out[slot.start as usize];
            if matches!(slot.key, Key::String { name: true }) {
                *code = interned(*code);
            }
            if slot.referenced {
                *code |= FLAG_REF;
                slot.start = index;
                index += 1;
            }
        }
        for &(position, slot) in &self.uses {
            let index = self.slots[slot as usize].start;
            out[position as usize..][..4].copy_from_slice(&index.to_le_bytes());
        }
    }
}

/// The type code of an interned string, given that of any.
pub(super) const fn interned(code: u8) -> u8 {
    match code {
        type_code::SHORT_ASCII => type_code::SHORT_ASCII_INTERNED,
        type_code::ASCII => type_code::ASCII_INTERNED,
        type_code::UNICODE => type_code::INTERNED,
        already => already,
    }
}
