//! What the unit at hand knows of a name, looked up by the name's number and without hashing.
//!
//! Units nest: what an inner one says of a name covers what those around it say, and is taken away when it ends.

use prepyc_bytecode::StrId;

/// Something that each unit knows of some names. Kept from one program to the next: units are numbered through.
#[derive(Debug, Default)]
pub(super) struct ByName<T> {
    /// By name: what the unit says that said something last.
    entries: Vec<Entry<T>>,
    /// What the units that are open cover of each other, in the order in which they did.
    covered: Vec<(StrId, Entry<T>)>,
    /// The units that are open: their numbers, and where in `covered` their parts begin.
    open: Vec<(u32, usize)>,
    /// The number of the innermost open unit.
    unit: u32,
    /// The number of the last unit that was opened.
    last: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry<T> {
    /// The number of the unit that says it, from 1.
    unit: u32,
    /// How many units are around that one.
    depth: u32,
    value: T,
}

impl<T: Copy + Default> ByName<T> {
    /// Forgets what a program that was given up has left.
    pub(super) fn reset(&mut self) {
        self.open.clear();
        self.covered.clear();
        self.unit = 0;
        if self.last > u32::MAX / 2 {
            *self = ByName::default();
        }
    }

    /// Opens a unit, which knows nothing.
    pub(super) fn enter(&mut self) {
        self.last += 1;
        self.unit = self.last;
        self.open.push((self.unit, self.covered.len()));
    }

    /// Ends the innermost unit.
    pub(super) fn leave(&mut self) {
        let (_, start) = self.open.pop().expect("a unit that ends was entered");
        for &(name, entry) in &self.covered[start..] {
            self.entries[name.index()] = entry;
        }
        self.covered.truncate(start);
        self.unit = self.open.last().map_or(0, |&(unit, _)| unit);
    }

    /// What the innermost unit knows of a name.
    #[inline]
    pub(super) fn get(&self, name: StrId) -> Option<T> {
        let entry = self.entries.get(name.index())?;
        (entry.unit == self.unit).then_some(entry.value)
    }

    /// What the innermost unit knows of a name from now on.
    #[inline]
    pub(super) fn set(&mut self, name: StrId, value: T) {
        if name.index() >= self.entries.len() {
            self.grow(name);
        }
        let entry = &mut self.entries[name.index()];
        // Most are of units that have ended.
        let is_open = self.open.get(entry.depth as usize).is_some_and(|&(unit, _)| unit == entry.unit);
        if is_open && entry.unit != self.unit {
            self.covered.push((name, *entry));
        }
        *entry = Entry { unit: self.unit, depth: self.open.len() as u32 - 1, value };
    }

    /// Makes room for a name and as many behind it, for there will be more.
    #[cold]
    fn grow(&mut self, name: StrId) {
        self.entries.resize(2 * name.index() + 1, Entry::default());
    }

    /// What the innermost unit knows of a name, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, name: StrId) -> Option<&mut T> {
        let entry = self.entries.get_mut(name.index())?;
        (entry.unit == self.unit).then_some(&mut entry.value)
    }
}

#[cfg(test)]
mod tests {
    use prepyc_bytecode::Strings;

    use super::ByName;

    #[test]
    fn inner_units_cover_outer_ones() {
        let mut strings = Strings::new();
        let (a, b) = (strings.intern("a"), strings.intern("b"));
        let mut table = ByName::default();
        table.enter();
        table.set(a, 1);
        table.enter();
        assert_eq!(table.get(a), None);
        table.set(a, 2);
        table.set(b, 3);
        assert_eq!((table.get(a), table.get(b)), (Some(2), Some(3)));
        *table.get_mut(a).unwrap() += 2;
        assert_eq!(table.get(a), Some(4));
        table.leave();
        assert_eq!((table.get(a), table.get(b)), (Some(1), None));
    }
}
