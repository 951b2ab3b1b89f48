//! Which objects are flagged, and which are written as references: decided here, nowhere else.
//!
//! Each object that could be referred to gets a slot when its writing begins, so that slots are in the order in
//! which CPython's reader counts objects. When an object of the same value comes again, a reference to
//! the slot takes its place: five bytes, whatever the index turns out to be. Once everything stands, the slots
//! that were referred to are flagged and numbered, and the numbers are patched into the references.
//!
//! Values are compared by id (strings, byte strings and lists of names that the program's table has), by the bytes they
//! were written as (numbers, other bytes), or by the slots of their elements (tuples, frozensets, slices). `1`, `1.0`
//! and `True` never meet, nor do `0.0` and `-0.0`, nor two NaNs.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{FLAG_REF, type_code};
use crate::strings::{BytesId, NamesId, StrId, Strings};

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

/// Numbers or bytes that were written: what a later one is compared with.
struct Leaf {
    hash: u64,
    slot: u32,
    /// Where its bytes end, counted from the beginning of the output.
    end: u32,
}

/// A tuple, frozenset or slice that was written: what a later one is compared with.
struct Container {
    hash: u64,
    slot: u32,
    /// Its part of `words`.
    words: (u32, u32),
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
    /// Of each object that was written or is being written: where its type code stands, counted from the beginning of
    /// the output.
    slots: Vec<u32>,
    /// By string: its slot plus one, or zero.
    string_slots: Vec<u32>,
    /// By byte string: its slot plus one, or zero.
    bytes_slots: Vec<u32>,
    /// By list of names: its slot plus one, or zero.
    names_slots: Vec<u32>,
    leaves: HashTable<Leaf>,
    containers: HashTable<Container>,
    /// The words of complete containers.
    words: Vec<Word>,
    /// The words of the containers being written.
    open_words: Vec<Word>,
    /// Each reference: where its index stands in the output, and the slot.
    uses: Vec<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

/// The words of the containers that are open in most programs at a time.
const MANY_WORDS: usize = 256;

/// Positions and slots: marshal's own sizes have 31 bits.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("marshal data is shorter than 4 GiB")
}

impl Refs {
    /// For an output that begins at `base`, of values with these strings.
    pub(super) fn new(tracking: Tracking, base: usize, strings: &Strings) -> Refs {
        let [strings, byte_strings, name_lists] = match tracking {
            Tracking::References => [strings.len(), strings.byte_string_count(), strings.name_list_count()],
            Tracking::None => [0; 3],
        };
        Refs {
            tracking,
            base,
            // There are fewer other objects than strings.
            slots: Vec::with_capacity(2 * strings + byte_strings + name_lists),
            string_slots: vec![0; strings],
            bytes_slots: vec![0; byte_strings],
            names_slots: vec![0; name_lists],
            leaves: HashTable::new(),
            containers: HashTable::with_capacity(2 * name_lists),
            words: Vec::with_capacity(2 * strings),
            open_words: Vec::with_capacity(MANY_WORDS),
            uses: Vec::with_capacity(2 * strings),
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
            self.slots.push(narrow(out.len() - self.base));
        }
        mark
    }

    /// The next element of the innermost container is this one.
    pub(super) fn element(&mut self, word: Word) {
        self.open_words.push(word);
    }

    /// A string that was written before: a reference to it is written.
    #[inline]
    pub(super) fn known_string(&mut self, out: &mut Vec<u8>, id: StrId, usage: StringUse) -> Option<Word> {
        let slot = self.string_slots.get(id.index())?.checked_sub(1)?;
        if usage == StringUse::Name {
            // It may have been written as a constant that is no name.
            let code = &mut out[self.base + self.slots[slot as usize] as usize];
            *code = interned(*code);
        }
        Some(self.refer(out, slot))
    }

    /// The string that began at the mark is complete.
    pub(super) fn string(&mut self, mark: Mark, id: StrId) -> Word {
        let word = self.unique(mark);
        if self.tracking == Tracking::References {
            self.string_slots[id.index()] = word.0 + 1;
        }
        word
    }

    /// A byte string that was written before: a reference to it is written.
    pub(super) fn known_bytes(&mut self, out: &mut Vec<u8>, id: BytesId) -> Option<Word> {
        let slot = self.bytes_slots.get(id.index())?.checked_sub(1)?;
        Some(self.refer(out, slot))
    }

    /// The byte string that began at the mark is complete.
    pub(super) fn bytes(&mut self, mark: Mark, id: BytesId) -> Word {
        let word = self.unique(mark);
        if self.tracking == Tracking::References {
            self.bytes_slots[id.index()] = word.0 + 1;
        }
        word
    }

    /// Whether the list of names was written before: a reference to it is written then.
    pub(super) fn known_names(&mut self, out: &mut Vec<u8>, id: NamesId) -> bool {
        let slot = self.names_slots.get(id.index()).and_then(|slot| slot.checked_sub(1));
        slot.inspect(|&slot| _ = self.refer(out, slot)).is_some()
    }

    /// The list of names stands there, or a tuple of the same value.
    pub(super) fn names(&mut self, id: NamesId, word: Word) {
        if self.tracking == Tracking::References {
            self.names_slots[id.index()] = word.0 + 1;
        }
    }

    /// The number or bytes that began at the mark are complete, to the end of the output.
    pub(super) fn leaf(&mut self, out: &mut Vec<u8>, mark: Mark) -> Word {
        if self.tracking == Tracking::None {
            return self.unique(mark);
        }
        let written = &out[mark.start..];
        let hash = self.hasher.hash_one(written);
        let is_same = |leaf: &Leaf| {
            let start = self.base + self.slots[leaf.slot as usize] as usize;
            leaf.hash == hash && out[start..self.base + leaf.end as usize] == *written
        };
        if let Some(&Leaf { slot, .. }) = self.leaves.find(hash, is_same) {
            return self.replace(out, mark, slot);
        }
        let leaf = Leaf { hash, slot: narrow(mark.slot), end: narrow(out.len() - self.base) };
        self.leaves.insert_unique(hash, leaf, |leaf| leaf.hash);
        self.unique(mark)
    }

    /// The tuple, frozenset or slice that began at the mark is complete, to the end of the output.
    pub(super) fn container(&mut self, out: &mut Vec<u8>, mark: Mark) -> Word {
        if self.tracking == Tracking::None {
            return self.unique(mark);
        }
        let elements = &self.open_words[mark.words..];
        let type_code = out[mark.start];
        let hash = hash_words(&self.hasher, type_code, elements);
        let is_same = |container: &Container| {
            let (start, end) = container.words;
            container.hash == hash
                && out[self.base + self.slots[container.slot as usize] as usize] == type_code
                && self.words[start as usize..end as usize] == *elements
        };
        if let Some(&Container { slot, .. }) = self.containers.find(hash, is_same) {
            return self.replace(out, mark, slot);
        }
        let start = narrow(self.words.len());
        self.words.extend_from_slice(elements);
        let words = (start, narrow(self.words.len()));
        let container = Container { hash, slot: narrow(mark.slot), words };
        self.containers.insert_unique(hash, container, |container| container.hash);
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
        self.uses.push((narrow(out.len() + 1 - self.base), slot));
        out.extend_from_slice(&[type_code::REF, 0, 0, 0, 0]);
        Word(slot)
    }

    /// Flags what is referred to and fills in the references.
    pub(super) fn finish(self, out: &mut [u8]) {
        let out = &mut out[self.base..];
        const REFERENCED: u32 = 1;
        let mut indices = vec![0; self.slots.len()];
        for &(_, slot) in &self.uses {
            indices[slot as usize] = REFERENCED;
        }
        // A slot that is referred to gets an index now.
        let mut count = 0;
        for (index, &start) in indices.iter_mut().zip(&self.slots) {
            if *index == REFERENCED {
                out[start as usize] |= FLAG_REF;
                *index = count;
                count += 1;
            }
        }
        for &(position, slot) in &self.uses {
            let index: u32 = indices[slot as usize];
            out[position as usize..][..4].copy_from_slice(&index.to_le_bytes());
        }
    }
}

/// Two words at a time: most containers have few.
fn hash_words(hasher: &DefaultHashBuilder, type_code: u8, words: &[Word]) -> u64 {
    let mut state = hasher.build_hasher();
    let (pairs, last) = words.as_chunks::<2>();
    for [first, second] in pairs {
        state.write_u64(u64::from(first.0) << 32 | u64::from(second.0));
    }
    let last = last.first().map_or(0, |word| u64::from(word.0) + 1);
    state.write_u64(last << 8 | u64::from(type_code));
    state.finish()
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
