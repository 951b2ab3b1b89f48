//! Sets of names that are filled and emptied for every scope: dense ids make each operation a look-up, and emptying is free.

use prepyc_bytecode::StrId;

/// Names, in order of insertion; where one is taken out, the last takes its place.
#[derive(Debug, Default)]
pub(super) struct NameSet {
    names: Vec<StrId>,
    /// By name: where it stands in `names`, if it does; whatever was last known if not.
    places: Vec<u32>,
}

impl NameSet {
    /// In order of insertion, as long as none is taken out.
    pub(super) fn names(&self) -> &[StrId] {
        &self.names
    }

    pub(super) fn clear(&mut self) {
        self.names.clear();
    }

    fn place(&self, name: StrId) -> Option<usize> {
        let place = *self.places.get(name.index())? as usize;
        (self.names.get(place) == Some(&name)).then_some(place)
    }

    pub(super) fn contains(&self, name: StrId) -> bool {
        self.place(name).is_some()
    }

    pub(super) fn insert(&mut self, name: StrId) {
        if self.contains(name) {
            return;
        }
        if self.places.len() <= name.index() {
            self.places.resize(name.index() + 1, 0);
        }
        self.places[name.index()] = self.names.len() as u32;
        self.names.push(name);
    }

    /// Whether the name was there.
    pub(super) fn remove(&mut self, name: StrId) -> bool {
        let Some(place) = self.place(name) else { return false };
        self.names.swap_remove(place);
        if let Some(&moved) = self.names.get(place) {
            self.places[moved.index()] = place as u32;
        }
        true
    }
}
