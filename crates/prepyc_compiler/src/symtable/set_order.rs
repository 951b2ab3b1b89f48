//! The order in which a set of names is walked, where CPython's output depends on it.
//!
//! A comprehension that a class takes in gets, after its own names, those that scopes inside it need from further out, in
//! the order of a `set` (`update_symbols`, `Python/symtable.c`); up to 3.13 each of them becomes a hidden local of the
//! class in that order. Hashes of strings are random in CPython unless `PYTHONHASHSEED` is set; this is the order for the
//! seed 0, which is what reproducible builds set.

use std::collections::BTreeMap;
use std::hash::Hasher;

use prepyc_bytecode::{StrId, Strings};
use siphasher::sip::SipHasher13;

use super::scope::ScopeId;

/// CPython: `Objects/setobject.c`.
const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
const MIN_SIZE: usize = 8;

/// What stands in a place of a set's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Empty,
    /// What stood here was taken out.
    Dummy,
    Name(StrId, u64),
}

/// A set of names with CPython's table (`Objects/setobject.c`): probing, growth and merging decide the order.
#[derive(Clone, Debug)]
pub(super) struct SetOrder {
    table: Vec<Slot>,
    /// Places that are not empty.
    fill: usize,
    used: usize,
}

impl Default for SetOrder {
    fn default() -> SetOrder {
        SetOrder { table: vec![Slot::Empty; MIN_SIZE], fill: 0, used: 0 }
    }
}

impl SetOrder {
    /// In the order in which CPython walks it.
    pub(super) fn names(&self) -> impl Iterator<Item = StrId> {
        self.entries().map(|(name, _)| name)
    }

    fn entries(&self) -> impl Iterator<Item = (StrId, u64)> {
        self.table.iter().filter_map(|slot| match *slot {
            Slot::Name(name, hash) => Some((name, hash)),
            Slot::Empty | Slot::Dummy => None,
        })
    }

    /// `set_add_entry`.
    pub(super) fn add(&mut self, name: StrId, hash: u64) {
        let same = |slot: &Slot| matches!(slot, Slot::Name(other, _) if *other == name);
        let place = self.probe(hash, |slot| *slot == Slot::Empty || same(slot));
        if self.table[place] != Slot::Empty {
            return;
        }
        self.table[place] = Slot::Name(name, hash);
        self.fill += 1;
        self.used += 1;
        if self.fill * 5 >= (self.table.len() - 1) * 3 {
            self.resize(self.used * if self.used > 50_000 { 2 } else { 4 });
        }
    }

    /// `set_discard_entry`.
    pub(super) fn discard(&mut self, name: StrId) {
        let found = self.table.iter_mut().find(|slot| matches!(slot, Slot::Name(other, _) if *other == name));
        if let Some(slot) = found {
            *slot = Slot::Dummy;
            self.used -= 1;
        }
    }

    /// `set_merge`.
    pub(super) fn merge(&mut self, other: &SetOrder) {
        if other.used == 0 {
            return;
        }
        if (self.fill + other.used) * 5 >= (self.table.len() - 1) * 3 {
            self.resize((self.used + other.used) * 2);
        }
        if self.fill == 0 && self.table.len() == other.table.len() && other.fill == other.used {
            self.clone_from(other);
        } else if self.fill == 0 {
            other.entries().for_each(|(name, hash)| self.insert_clean(name, hash));
            (self.fill, self.used) = (other.used, other.used);
        } else {
            other.entries().for_each(|(name, hash)| self.add(name, hash));
        }
    }

    /// `set_table_resize`: the least size above that many.
    fn resize(&mut self, least: usize) {
        let mut size = MIN_SIZE;
        while size <= least {
            size *= 2;
        }
        let old = std::mem::replace(self, SetOrder { table: vec![Slot::Empty; size], fill: 0, used: 0 });
        old.entries().for_each(|(name, hash)| self.insert_clean(name, hash));
        (self.fill, self.used) = (old.used, old.used);
    }

    /// `set_insert_clean`: a name that is not there, among no dummies.
    fn insert_clean(&mut self, name: StrId, hash: u64) {
        let place = self.probe(hash, |slot| *slot == Slot::Empty);
        self.table[place] = Slot::Name(name, hash);
    }

    /// The first place, of those that CPython looks at for the hash, that will do.
    fn probe(&self, hash: u64, will_do: impl Fn(&Slot) -> bool) -> usize {
        let mask = self.table.len() - 1;
        let mut perturb = hash;
        let mut index = hash as usize & mask;
        loop {
            let probes = if index + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            if let Some(found) = (index..=index + probes).find(|&place| will_do(&self.table[place])) {
                return found;
            }
            perturb >>= PERTURB_SHIFT;
            index = index.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
        }
    }
}

/// `hash(str)` for `PYTHONHASHSEED=0`.
pub(super) fn hash(strings: &Strings, name: StrId) -> u64 {
    let text = strings.get(name).to_string();
    let widest = text.chars().max().map_or(0, u32::from);
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    for character in text.chars() {
        let code_point = u32::from(character).to_le_bytes();
        let width = match widest {
            0..=0xFF => 1,
            0x100..=0xFFFF => 2,
            _ => 4,
        };
        hasher.write(&code_point[..width]);
    }
    match hasher.finish() {
        u64::MAX => u64::MAX - 1,
        hash => hash,
    }
}

/// What scopes inside a comprehension of a class need from outside, in sets that have CPython's history.
#[derive(Debug, Default)]
pub(super) struct FreeOrder {
    /// How many scopes are open from the comprehension on; none outside of one.
    depth: usize,
    settled: BTreeMap<ScopeId, Settled>,
}

/// A scope that is settled.
#[derive(Clone, Debug, Default)]
pub(super) struct Settled {
    /// What it needs itself, in the order of its symbols.
    pub(super) own: Vec<StrId>,
    /// What those inside it need from outside of it.
    pub(super) passed_on: SetOrder,
}

impl FreeOrder {
    /// A scope opens; `starts` where it is such a comprehension.
    pub(super) fn open(&mut self, starts: bool) {
        self.depth += usize::from(starts || self.depth > 0);
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.settled.clear();
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn settle(&mut self, id: ScopeId, settled: Settled) {
        self.settled.insert(id, settled);
    }

    /// What is needed by a scope inside and those inside that (`analyze_child_block`): begins as a copy of what those before
    /// it need.
    pub(super) fn of_child(&self, before: &SetOrder, child: ScopeId, strings: &Strings) -> SetOrder {
        let mut all = SetOrder::default();
        all.merge(before);
        if let Some(settled) = self.settled.get(&child) {
            settled.own.iter().for_each(|&name| all.add(name, hash(strings, name)));
            all.merge(&settled.passed_on);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PYTHONHASHSEED=0 python3.13 -c "print([hash(s) & 2**64 - 1 for s in ('a', 'spam', 'é', 'ж', '𝒳')])"`
    #[test]
    fn strings_hash_as_with_seed_zero() {
        let mut strings = Strings::new();
        let hashes = ["a", "spam", "é", "ж", "𝒳"].map(|text| {
            let name = strings.intern(text);
            hash(&strings, name)
        });
        assert_eq!(
            hashes,
            [
                0x4074_48D2_B89B_1813,
                0x95EC_7749_C6BA_AE78,
                0x53EC_5BC2_A688_70E3,
                0x6DD3_1CC2_141F_30EE,
                0xDD49_3871_C591_6FEC
            ]
        );
    }

    /// What `list(set(...))` gives in `PYTHONHASHSEED=0 python3.13`.
    #[test]
    fn names_come_in_the_order_of_cpythons_table() {
        let mut strings = Strings::new();
        let mut order = |texts: &[&str]| {
            let mut set = SetOrder::default();
            for text in texts {
                let name = strings.intern(*text);
                set.add(name, hash(&strings, name));
            }
            set.names().map(|name| strings.get(name).to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(&["alpha", "beta", "gamma", "delta"]), "alpha delta beta gamma");
        assert_eq!(
            order(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]),
            "d f g h k b i c a j e l"
        );
    }
}
