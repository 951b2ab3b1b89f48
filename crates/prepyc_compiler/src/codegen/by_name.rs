//! What the unit at hand knows of a name, looked up by the name's number and without hashing.
//!
//! Units nest: what an inner one says of a name covers what those around it say, and is taken away when it ends.

use prepyc_bytecode::StrId;

/// Something that each unit knows of some names.
#[derive(Debug, Default)]
pub(super) struct ByName<T> {
    /// By name: what the innermost unit says that says anything.
    entries: Vec<Entry<T>>,
    /// What the units that are open cover, in the order in which they did.
    covered: Vec<(StrId, Entry<T>)>,
    /// By unit: where in `covered` its part begins.
    starts: Vec<usize>,
    /// How many units are open.
    depth: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry<T> {
    /// How many units are around whoever says it, and itself; none where nobody does.
    depth: u32,
    value: T,
}

impl<T: Copy + Default> ByName<T> {
    /// Forgets what a program that was given up has left.
    pub(super) fn reset(&mut self) {
        if self.depth != 0 {
            *self = ByName::default();
        }
    }

    /// Opens a unit, which knows nothing.
    pub(super) fn enter(&mut self) {
        self.starts.push(self.covered.len());
        self.depth += 1;
    }

    /// Ends the innermost unit.
    pub(super) fn leave(&mut self) {
        let start = self.starts.pop().expect("a unit that ends was entered");
        for &(name, entry) in self.covered[start..].iter().rev() {
            self.entries[name.index()] = entry;
        }
        self.covered.truncate(start);
        self.depth -= 1;
    }

    /// What the innermost unit knows of a name.
    #[inline]
    pub(super) fn get(&self, name: StrId) -> Option<T> {
        let entry = self.entries.get(name.index())?;
        (entry.depth == self.depth).then_some(entry.value)
    }

    /// What the innermost unit knows of a name from now on.
    pub(super) fn set(&mut self, name: StrId, value: T) {
        if name.index() >= self.entries.len() {
            self.entries.resize(name.index() + 1, Entry::default());
        }
        let entry = &mut self.entries[name.index()];
        if entry.depth != self.depth {
            self.covered.push((name, *entry));
        }
        *entry = Entry { depth: self.depth, value };
    }

    /// What the innermost unit knows of a name, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, name: StrId) -> Option<&mut T> {
        let entry = self.entries.get_mut(name.index())?;
        (entry.depth == self.depth).then_some(&mut entry.value)
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
