//! Words of the source and what they are, so that a name met again, or a keyword, costs one look.
//!
//! In front of the table of strings, which decides what is not found here: a name that loses its slot to another costs
//! time and nothing else.

use prepyc_bytecode::{PyStr, StrId, Strings};

use super::token::{KEYWORD_MULTIPLIER, KEYWORDS, TokenKind, word_of};

/// The fewest slots: as many as give each keyword one of its own.
const MIN_SLOTS: usize = 256;

const MAX_SLOTS: usize = 8192;

/// Bytes of source for one slot: source code has a new name less often.
const BYTES_PER_SLOT: usize = 32;

/// A word of up to sixteen bytes, as two numbers; empty where both are 0.
#[derive(Clone, Copy)]
struct Word {
    low: u64,
    high: u64,
    name: StrId,
    kind: TokenKind,
}

/// A program's strings, and the names among them by their bytes.
pub(crate) struct Names<'s> {
    strings: &'s mut Strings,
    words: Vec<Word>,
    /// What is left of a hash shifted by it is a slot.
    shift: u32,
}

impl<'s> Names<'s> {
    /// For a source of that size.
    pub(crate) fn new(strings: &'s mut Strings, size_bytes: usize) -> Names<'s> {
        let slots = (size_bytes / BYTES_PER_SLOT).next_power_of_two().clamp(MIN_SLOTS, MAX_SLOTS);
        let empty = Word { low: 0, high: 0, name: StrId::default(), kind: TokenKind::Name };
        let mut names = Names { strings, words: vec![empty; slots], shift: 64 - slots.trailing_zeros() };
        for (text, kind) in KEYWORDS {
            let slot = names.slot(word_of(text), 0);
            names.words[slot] = Word { low: word_of(text), kind, ..empty };
        }
        names
    }

    /// The strings.
    pub(crate) fn strings(&self) -> &Strings {
        self.strings
    }

    /// The id of the string.
    pub(crate) fn intern<'a>(&mut self, text: impl Into<PyStr<'a>>) -> StrId {
        self.strings.intern(text)
    }

    /// The id of a name as it stands in the source.
    #[inline(never)]
    pub(crate) fn intern_name(&mut self, text: &str) -> StrId {
        if text.is_ascii() {
            self.strings.intern(text)
        } else {
            self.strings.intern(crate::unicode::normalize_name(text).as_str())
        }
    }

    #[inline(always)]
    fn slot(&self, low: u64, high: u64) -> usize {
        ((low ^ high.rotate_left(29)).wrapping_mul(KEYWORD_MULTIPLIER) >> self.shift) as usize
    }

    /// What the word of these one to sixteen bytes is, which starts there in the source: a keyword, or a name with its id.
    #[inline(always)]
    pub(crate) fn word(&mut self, key: (u64, u64), source: &str, start: usize) -> (TokenKind, StrId) {
        let slot = self.slot(key.0, key.1);
        let word = &self.words[slot];
        if word.low == key.0 && word.high == key.1 {
            (word.kind, word.name)
        } else {
            self.other_word(key, slot, source, start)
        }
    }

    /// The id of a string of up to fifteen bytes, known by these and the quote before them.
    #[inline(never)]
    pub(crate) fn string(&mut self, key: (u64, u64), text: &str) -> StrId {
        let slot = self.slot(key.0, key.1);
        self.find(key, slot).unwrap_or_else(|| self.learn(key, slot, text)).1
    }

    /// A word that is not in its first slot.
    #[inline(never)]
    fn other_word(&mut self, key: (u64, u64), slot: usize, source: &str, start: usize) -> (TokenKind, StrId) {
        self.find(key, slot).unwrap_or_else(|| {
            let unused = if key.1 == 0 { key.0.leading_zeros() + 64 } else { key.1.leading_zeros() };
            let length = 16 - unused as usize / 8;
            self.learn(key, slot, &source[start..start + length])
        })
    }

    /// What is known of a word with that slot or the one beside it.
    #[inline(always)]
    fn find(&self, (low, high): (u64, u64), slot: usize) -> Option<(TokenKind, StrId)> {
        let slots = [&self.words[slot], &self.words[slot ^ 1]];
        let word = slots.into_iter().find(|word| word.low == low && word.high == high)?;
        Some((word.kind, word.name))
    }

    /// Remembers a new word.
    #[inline(always)]
    fn learn(&mut self, (low, high): (u64, u64), slot: usize, text: &str) -> (TokenKind, StrId) {
        let name = self.strings.intern(text);
        // A free slot if there is one; a keyword's is never given away.
        let choices = [slot, slot ^ 1];
        let free = choices.into_iter().find(|&slot| self.words[slot].low == 0);
        let other = choices.into_iter().find(|&slot| self.words[slot].kind == TokenKind::Name);
        if let Some(slot) = free.or(other) {
            self.words[slot] = Word { low, high, name, kind: TokenKind::Name };
        }
        (TokenKind::Name, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_keywords_or_names_with_the_id_of_their_string() {
        let mut strings = Strings::new();
        let mut names = Names::new(&mut strings, 0);
        let word = |text: &str| {
            let mut bytes = [0; 16];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            let number = u128::from_le_bytes(bytes);
            (number as u64, (number >> 64) as u64)
        };
        // More names than slots, twice: what loses its slot keeps its id.
        let texts: Vec<String> = (0..600).map(|number| format!("name_number_{number}")).collect();
        for text in texts.iter().chain(&texts) {
            let (kind, id) = names.word(word(text), text, 0);
            assert_eq!((kind, names.strings().get(id).to_str()), (TokenKind::Name, Some(text.as_str())));
        }
        for (text, kind) in KEYWORDS {
            assert_eq!(names.word(word(std::str::from_utf8(text).unwrap()), "", 0).0, kind);
        }
        assert_eq!(names.strings().len(), 600);
    }
}
