//! Lists that a program has once each, under dense numbers: byte strings, lists of names.

use std::hash::{BuildHasher, Hash};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Lists, each once, in one piece of memory. The empty one, which is most of them, is number 0.
#[derive(Clone)]
pub(crate) struct Interner<T> {
    items: Vec<T>,
    /// Where in `items` each list but the empty one ends.
    ends: Vec<usize>,
    /// Numbers with the hashes of their lists.
    table: HashTable<(u64, u32)>,
    /// Random, so that no input can be made to collide; what is interned does not depend on it.
    hasher: DefaultHashBuilder,
}

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner {
            items: Vec::new(),
            ends: Vec::new(),
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T: Copy + Eq + Hash> Interner<T> {
    /// The number of the list, which is added if it is new.
    pub(crate) fn intern(&mut self, list: &[T]) -> u32 {
        if list.is_empty() {
            return 0;
        }
        let hash = self.hasher.hash_one(list);
        let Interner { items, ends, table, .. } = self;
        let is_it = |&(known, number): &(u64, u32)| known == hash && list_of(items, ends, number) == list;
        match table.entry(hash, is_it, |&(hash, _)| hash) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                items.extend_from_slice(list);
                ends.push(items.len());
                let number = u32::try_from(ends.len()).expect("fewer than 2^32 lists in a program");
                entry.insert((hash, number));
                number
            }
        }
    }

    /// The number of the list, if it has one.
    pub(crate) fn find(&self, list: &[T]) -> Option<u32> {
        if list.is_empty() {
            return Some(0);
        }
        let hash = self.hasher.hash_one(list);
        self.table.find(hash, |&(_, number)| self.get(number) == list).map(|&(_, number)| number)
    }

    /// The list of that number.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn get(&self, number: u32) -> &[T] {
        list_of(&self.items, &self.ends, number)
    }

    /// How many lists there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() + 1
    }

    /// Makes room for that many more lists of that many items altogether, so that interning them moves nothing.
    pub(crate) fn reserve(&mut self, lists: usize, items: usize) {
        self.items.reserve(items);
        self.ends.reserve(lists);
        self.table.reserve(lists, |&(hash, _)| hash);
    }
}

impl<T> Interner<T> {
    /// How many items all lists have together.
    pub(crate) fn item_count(&self) -> usize {
        self.items.len()
    }
}

fn list_of<'a, T>(items: &'a [T], ends: &[usize], number: u32) -> &'a [T] {
    let Some(last) = (number as usize).checked_sub(1) else { return &[] };
    let start = last.checked_sub(1).map_or(0, |previous| ends[previous]);
    &items[start..ends[last]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_dense_number() {
        let mut lists = Interner::default();
        let given: [&[u8]; 6] = [b"ab", b"", b"a", b"ab", b"", b"b"];
        let numbers: Vec<u32> = given.iter().map(|list| lists.intern(list)).collect();
        assert_eq!(numbers, [1, 0, 2, 1, 0, 3]);
        for (list, number) in given.into_iter().zip(numbers) {
            assert_eq!(lists.get(number), list);
            assert_eq!(lists.find(list), Some(number));
        }
        assert_eq!(lists.find(b"c"), None);
        assert_eq!((lists.len(), lists.item_count()), (4, 4));
    }
}
