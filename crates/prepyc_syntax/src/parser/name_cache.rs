//! Names seen lately and their ids, so that a name met again costs one comparison.
//!
//! In front of the table of strings, which decides what is not found here: a name that loses its slot to another costs
//! time and nothing else.

use prepyc_bytecode::StrId;

/// As many as there are different names in a larger module.
const SLOTS: usize = 512;

/// A slot for each value of a hash.
pub(super) struct NameCache(Vec<(u128, Option<StrId>)>);

impl NameCache {
    pub(super) fn new() -> NameCache {
        NameCache(vec![(0, None); SLOTS])
    }

    /// The id of the name with these bytes, or the slot that it may have.
    #[inline(always)]
    pub(super) fn find(&self, text: u128) -> Result<StrId, usize> {
        let folded = (text as u64) ^ ((text >> 64) as u64).rotate_left(29);
        let slot = (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize % SLOTS;
        match self.0[slot] {
            (known, Some(id)) if known == text => Ok(id),
            _ => Err(slot),
        }
    }

    /// Remembers the name instead of the one that had the slot.
    pub(super) fn store(&mut self, slot: usize, text: u128, id: StrId) {
        self.0[slot] = (text, Some(id));
    }
}
