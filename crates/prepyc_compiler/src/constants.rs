//! A code object's constants while it is being compiled: each value once, told apart as CPython tells them.
//!
//! Mirrors `_PyCode_ConstantKey` (`Objects/codeobject.c`): equal means equal by type and sign, so `1`, `1.0` and
//! `True` are three constants, `0.0` and `-0.0` two, in tuples and frozensets as well. Code objects are equal if they
//! would run and trace alike: a `finally` body compiled twice holds one lambda, not two.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use prepyc_bytecode::{CodeObject, Constant, PyInt, StrId};
use rustc_hash::FxBuildHasher;

use crate::nan;

/// The constants of one code object, in the order they were first asked for.
#[derive(Clone, Debug, Default)]
pub struct ConstantTable {
    constants: Vec<Constant>,
    /// By constant: a number that equal ones share, and few others.
    keys: Vec<u64>,
    /// Indices into `constants`, by key; empty until a scan of all keys would cost more.
    index: HashTable<u32>,
    /// Whether one that LOAD_SMALL_INT could load may be loaded by its place here.
    may_have_small_ints: bool,
    /// Where `None` stands, which is asked for more than any other, as soon as [`ConstantTable::add_none`] knows.
    none: Option<u32>,
    hasher: DefaultHashBuilder,
}

/// Up to this many constants or names are found faster by looking at them all.
const SCANNED: usize = 16;

impl ConstantTable {
    /// The index of the constant, which is appended if it is new.
    pub fn add(&mut self, constant: Constant) -> u32 {
        self.may_have_small_ints |= small_int(&constant).is_some();
        let key = key_of(&self.hasher, &constant);
        self.find(key, &constant).unwrap_or_else(|| self.push(key, constant))
    }

    /// The index of `None`, which is appended if it is new.
    pub(crate) fn add_none(&mut self) -> u32 {
        if let Some(index) = self.none {
            return index;
        }
        let index = self.add(Constant::None);
        self.none = Some(index);
        index
    }

    /// Notes a small integer that LOAD_SMALL_INT is going to load: it stays among the constants only as the first.
    pub(crate) fn note_small_int(&mut self, value: u32) {
        if self.is_empty() {
            self.append(Constant::Int(PyInt::from(i64::from(value))));
        }
    }

    /// Whether there may be any that LOAD_SMALL_INT could load.
    pub(crate) fn may_have_small_ints(&self) -> bool {
        self.may_have_small_ints
    }

    /// The index of a constant that is known to be new, and no small integer.
    pub(crate) fn append(&mut self, constant: Constant) -> u32 {
        self.push(key_of(&self.hasher, &constant), constant)
    }

    fn push(&mut self, key: u64, constant: Constant) -> u32 {
        self.constants.push(constant);
        self.keys.push(key);
        self.constants.len() as u32 - 1
    }

    fn find(&mut self, key: u64, constant: &Constant) -> Option<u32> {
        if self.keys.len() > SCANNED {
            return self.find_indexed(key, constant);
        }
        let mut known = self.keys.iter().zip(&self.constants);
        let found = known.position(|(&other, known)| other == key && same_constant(known, constant));
        found.map(|index| index as u32)
    }

    #[inline(never)]
    fn find_indexed(&mut self, key: u64, constant: &Constant) -> Option<u32> {
        let (constants, keys, hasher) = (&self.constants, &self.keys, &self.hasher);
        let is_same =
            |index: u32| keys[index as usize] == key && same_constant(&constants[index as usize], constant);
        let rehash = |&index: &u32| hasher.hash_one(keys[index as usize]);
        for unindexed in self.index.len() as u32..keys.len() as u32 {
            self.index.insert_unique(rehash(&unindexed), unindexed, rehash);
        }
        self.index.find(hasher.hash_one(key), |&index| is_same(index)).copied()
    }

    /// The constant at an index.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn get(&self, index: u32) -> &Constant {
        &self.constants[index as usize]
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.constants.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.constants.is_empty()
    }

    /// All of them, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Constant] {
        &self.constants
    }

    /// All of them, in order, for the code object. The table is empty then.
    #[must_use]
    pub fn take(&mut self) -> Arc<[Constant]> {
        let constants = self.constants.drain(..).collect();
        self.clear();
        constants
    }

    /// Empties it, keeping its memory for the next code unit.
    pub fn clear(&mut self) {
        self.constants.clear();
        self.keys.clear();
        self.index.clear();
        self.none = None;
        self.may_have_small_ints = false;
    }

    /// Drops those for which `keep` says no. Nothing can be added afterwards: indices have moved.
    pub fn retain(&mut self, mut keep: impl FnMut(u32) -> bool) {
        let mut index = 0;
        self.constants.retain(|_| {
            index += 1;
            keep(index - 1)
        });
        self.keys.clear();
        self.index.clear();
        self.none = None;
        self.may_have_small_ints = false;
    }
}

/// Integers from 0 up to this one, without it, are loaded by LOAD_SMALL_INT.
///
/// CPython: `_PY_IS_SMALL_INT` (`Include/internal/pycore_long.h`, 3.14).
const SMALL_INT_LIMIT: i64 = 256;

/// The value of an integer that LOAD_SMALL_INT can load.
#[inline]
pub(crate) fn small_int(constant: &Constant) -> Option<u32> {
    match constant {
        Constant::Int(value) => {
            value.to_i64().filter(|value| (0..SMALL_INT_LIMIT).contains(value)).map(|value| value as u32)
        }
        _ => None,
    }
}

/// Whether CPython would keep one of the two.
#[must_use]
pub fn same_constant(left: &Constant, right: &Constant) -> bool {
    match (left, right) {
        (Constant::None, Constant::None)
        | (Constant::Ellipsis, Constant::Ellipsis)
        | (Constant::StopIteration, Constant::StopIteration) => true,
        (Constant::Bool(left), Constant::Bool(right)) => left == right,
        (Constant::Int(left), Constant::Int(right)) => left == right,
        (Constant::Float(left), Constant::Float(right)) => same_float(*left, *right),
        (
            Constant::Complex { real: left_real, imag: left_imag },
            Constant::Complex { real: right_real, imag: right_imag },
        ) => same_float(*left_real, *right_real) && same_float(*left_imag, *right_imag),
        (Constant::Str(left), Constant::Str(right)) => left == right,
        (Constant::Bytes(left), Constant::Bytes(right)) => left == right,
        (Constant::Tuple(left), Constant::Tuple(right)) => same_constants(left, right),
        (Constant::FrozenSet(left), Constant::FrozenSet(right)) => {
            same_constants(left.elements(), right.elements())
        }
        (Constant::Slice(left), Constant::Slice(right)) => same_constants(&left[..], &right[..]),
        (Constant::Code(left), Constant::Code(right)) => same_code(left, right),
        _ => false,
    }
}

fn same_constants(left: &[Constant], right: &[Constant]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_constant(left, right))
}

/// Equality of floats with the sign of zeros told apart. A NaN is equal to nothing but the very same object.
fn same_float(left: f64, right: f64) -> bool {
    if left.is_nan() {
        return nan::is_named(left) && left.to_bits() == right.to_bits();
    }
    left == right && left.is_sign_negative() == right.is_sign_negative()
}

/// CPython: `code_richcompare` (`Objects/codeobject.c`, 3.13): everything but the file and the qualified name.
fn same_code(left: &CodeObject, right: &CodeObject) -> bool {
    left.name == right.name
        && left.argcount == right.argcount
        && left.posonlyargcount == right.posonlyargcount
        && left.kwonlyargcount == right.kwonlyargcount
        && left.flags == right.flags
        && left.firstlineno == right.firstlineno
        && left.code == right.code
        && left.names == right.names
        && left.localsplusnames == right.localsplusnames
        && left.linetable == right.linetable
        && left.exceptiontable == right.exceptiontable
        && same_constants(&left.consts, &right.consts)
}

/// A number that equal constants share. The common ones need no hashing for it: those of one kind differ by it.
fn key_of(hasher: &DefaultHashBuilder, constant: &Constant) -> u64 {
    let of_kind = |kind: u64, value: u64| value.rotate_left(3) ^ kind;
    match constant {
        Constant::None => 1,
        Constant::Bool(value) => of_kind(2, u64::from(*value)),
        Constant::Str(id) => of_kind(3, id.index() as u64),
        Constant::Float(value) => of_kind(4, value.to_bits()),
        Constant::Int(value) if value.to_i64().is_some() => {
            of_kind(5, value.to_i64().unwrap_or_default() as u64)
        }
        Constant::Code(code) => {
            of_kind(6, (code.name.index() as u64) << 32 | u64::from(code.firstlineno.unsigned_abs()))
        }
        _ => {
            let mut state = hasher.build_hasher();
            hash_into(constant, &mut state);
            state.finish()
        }
    }
}

fn hash_into(constant: &Constant, state: &mut impl Hasher) {
    std::mem::discriminant(constant).hash(state);
    match constant {
        Constant::Bool(value) => value.hash(state),
        Constant::Int(value) => value.hash(state),
        Constant::Float(value) => value.to_bits().hash(state),
        Constant::Complex { real, imag } => (real.to_bits(), imag.to_bits()).hash(state),
        Constant::Str(id) => id.hash(state),
        Constant::Bytes(bytes) => bytes.hash(state),
        Constant::Tuple(elements) => elements.iter().for_each(|element| hash_into(element, state)),
        Constant::FrozenSet(set) => set.elements().iter().for_each(|element| hash_into(element, state)),
        Constant::Slice(parts) => parts.iter().for_each(|part| hash_into(part, state)),
        Constant::Code(code) => (code.name, code.firstlineno).hash(state),
        _ => {}
    }
}

/// Names under dense indices in the order they were first asked for: `co_names`, `co_varnames` and their like.
#[derive(Clone, Debug, Default)]
pub struct NameTable {
    names: Vec<StrId>,
    /// Indices into `names`; empty until a scan of them all would cost more.
    index: HashTable<u32>,
}

impl NameTable {
    /// The index of the name, which is appended if it is new.
    pub fn add(&mut self, name: StrId) -> u32 {
        if let Some(found) = self.find(name) {
            return found;
        }
        let added = self.append(name);
        self.index();
        added
    }

    /// The index of a name that is known to be new. Until [`NameTable::index`] is called, whoever looks for one of many
    /// names looks at them all.
    pub(crate) fn append(&mut self, name: StrId) -> u32 {
        self.names.push(name);
        self.names.len() as u32 - 1
    }

    /// Makes all names quick to find.
    pub(crate) fn index(&mut self) {
        if self.names.len() > SCANNED {
            let names = &self.names;
            let rehash = |&index: &u32| FxBuildHasher.hash_one(names[index as usize]);
            for unindexed in self.index.len() as u32..names.len() as u32 {
                self.index.insert_unique(rehash(&unindexed), unindexed, rehash);
            }
        }
    }

    /// The index of the name, if it has one.
    #[must_use]
    pub fn find(&self, name: StrId) -> Option<u32> {
        if self.names.len() <= SCANNED || self.index.len() < self.names.len() {
            // All of them, whichever it is: that needs no guess at where to stop.
            let mut found = u32::MAX;
            for (index, &known) in (0..).zip(&self.names) {
                found = if known == name { index } else { found };
            }
            return (found != u32::MAX).then_some(found);
        }
        self.index.find(FxBuildHasher.hash_one(name), |&index| self.names[index as usize] == name).copied()
    }

    /// Empties it, keeping its memory for the next code unit.
    pub fn clear(&mut self) {
        self.names.clear();
        self.index.clear();
    }

    /// Whether the name has an index.
    #[must_use]
    pub fn contains(&self, name: StrId) -> bool {
        self.find(name).is_some()
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[StrId] {
        &self.names
    }
}

impl FromIterator<StrId> for NameTable {
    fn from_iter<I: IntoIterator<Item = StrId>>(names: I) -> NameTable {
        let mut table = NameTable::default();
        for name in names {
            table.add(name);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prepyc_bytecode::Strings;

    #[test]
    fn constants_are_told_apart_by_type_and_sign() {
        let mut table = ConstantTable::default();
        let int = |value: i64| Constant::Int(PyInt::from(value));
        let distinct = [
            int(1),
            Constant::Float(1.0),
            Constant::Bool(true),
            Constant::Float(0.0),
            Constant::Float(-0.0),
            Constant::Complex { real: 0.0, imag: 0.0 },
            Constant::Complex { real: 0.0, imag: -0.0 },
            Constant::Tuple([int(1)].into()),
            Constant::Tuple([Constant::Float(1.0)].into()),
            Constant::Tuple([Constant::Tuple([int(1)].into())].into()),
            Constant::None,
            Constant::Ellipsis,
        ];
        for round in 0..2 {
            for (index, constant) in distinct.iter().enumerate() {
                assert_eq!(table.add(constant.clone()), index as u32, "round {round}");
            }
        }
    }

    #[test]
    fn names_keep_their_order_however_many_there_are() {
        let mut strings = Strings::new();
        let ids: Vec<StrId> = (0..50).map(|index| strings.intern(format!("n{index}").as_str())).collect();
        let mut table = NameTable::default();
        for round in 0..2 {
            for (index, &id) in ids.iter().enumerate() {
                assert_eq!(table.add(id), index as u32, "round {round}");
            }
        }
        assert_eq!(table.as_slice(), ids);
        assert!(!table.contains(strings.intern("absent")));
    }
}
