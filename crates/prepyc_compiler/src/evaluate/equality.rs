//! Which constants are equal to Python, whatever their types: `1`, `1.0` and `True` are.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use num_bigint::BigInt;
use num_traits::FromPrimitive;
use prepyc_bytecode::{Constant, PyInt};

use super::{Number, integer, number_of};
use crate::constants::same_constant;

/// So many are compared one by one before they are hashed.
const SCANNED: usize = 8;

/// The elements without those that equal an earlier one, as `frozenset` tells them.
#[must_use]
pub fn without_equal_elements(elements: Vec<Constant>) -> Vec<Constant> {
    let mut distinct = DistinctConstants::default();
    elements.into_iter().for_each(|element| {
        distinct.insert(element);
    });
    distinct.constants
}

/// Constants of which no two are equal, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct DistinctConstants {
    constants: Vec<Constant>,
    /// Indices into `constants`; empty until there are many.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl DistinctConstants {
    /// Adds a constant, unless one of them equals it; says whether it was added.
    pub(crate) fn insert(&mut self, constant: Constant) -> bool {
        if self.contains(&constant) {
            return false;
        }
        self.constants.push(constant);
        true
    }

    /// Whether one of them equals it.
    pub(crate) fn contains(&mut self, constant: &Constant) -> bool {
        let DistinctConstants { constants, index, hasher } = self;
        if constants.len() <= SCANNED {
            return constants.iter().any(|known| are_equal(known, constant));
        }
        for unindexed in index.len()..constants.len() {
            let rehash = |&at: &u32| hash_of(hasher, &constants[at as usize]);
            index.insert_unique(hash_of(hasher, &constants[unindexed]), unindexed as u32, rehash);
        }
        index.find(hash_of(hasher, constant), |&at| are_equal(&constants[at as usize], constant)).is_some()
    }
}

/// `left == right`.
fn are_equal(left: &Constant, right: &Constant) -> bool {
    let elementwise = |left: &[Constant], right: &[Constant]| {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| are_equal(left, right))
    };
    match (left, right) {
        (Constant::Str(left), Constant::Str(right)) => left == right,
        (Constant::Tuple(left), Constant::Tuple(right)) => elementwise(left, right),
        (Constant::Slice(left), Constant::Slice(right)) => elementwise(&left[..], &right[..]),
        _ => match (number_of(left), number_of(right)) {
            (Some(left), Some(right)) => numbers_are_equal(&left, &right),
            _ => same_constant(left, right),
        },
    }
}

fn numbers_are_equal(left: &Number, right: &Number) -> bool {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => left == right,
        (Number::Float(left), Number::Float(right)) => left == right,
        (Number::Int(int), Number::Float(float)) | (Number::Float(float), Number::Int(int)) => {
            integer::equals_float(int, *float)
        }
        (Number::Complex(left), Number::Complex(right)) => left.real == right.real && left.imag == right.imag,
        (Number::Complex(complex), other) | (other, Number::Complex(complex)) => {
            complex.imag == 0.0 && numbers_are_equal(&Number::Float(complex.real), other)
        }
    }
}

fn hash_of(hasher: &DefaultHashBuilder, constant: &Constant) -> u64 {
    let mut state = hasher.build_hasher();
    hash_into(constant, &mut state);
    state.finish()
}

/// Feeds what equal constants have in common.
fn hash_into(constant: &Constant, state: &mut impl Hasher) {
    match constant {
        Constant::Bool(value) => PyInt::from(i64::from(*value)).hash(state),
        Constant::Int(value) => value.hash(state),
        Constant::Float(value) => hash_float(*value, state),
        Constant::Complex { real, imag } => {
            hash_float(*real, state);
            if *imag != 0.0 {
                hash_float(*imag, state);
            }
        }
        Constant::Str(id) => id.hash(state),
        Constant::Bytes(bytes) => bytes.hash(state),
        Constant::Tuple(elements) => elements.iter().for_each(|element| hash_into(element, state)),
        Constant::FrozenSet(set) => set.elements().iter().for_each(|element| hash_into(element, state)),
        Constant::Slice(parts) => parts.iter().for_each(|part| hash_into(part, state)),
        _ => std::mem::discriminant(constant).hash(state),
    }
}

/// A whole number's hash is that of the integer.
fn hash_float(value: f64, state: &mut impl Hasher) {
    let whole = if value.fract() == 0.0 { BigInt::from_f64(value) } else { None };
    match whole.as_ref().map(integer::constant) {
        Some(Constant::Int(whole)) => whole.hash(state),
        _ => value.to_bits().hash(state),
    }
}

#[cfg(test)]
mod tests {
    use prepyc_bytecode::{Constant, PyInt};

    use super::{DistinctConstants, are_equal};

    /// All that are equal to some other, and some more, in both forms of a set: few and many.
    #[test]
    fn equal_numbers_of_different_types_are_found_among_few_and_many() {
        let big = Constant::Int(PyInt::from(1_i64 << 60));
        let pairs = [
            (Constant::Int(PyInt::from(1)), Constant::Bool(true)),
            (Constant::Int(PyInt::from(1)), Constant::Float(1.0)),
            (Constant::Float(-0.0), Constant::Bool(false)),
            (Constant::Float(0.5), Constant::Complex { real: 0.5, imag: -0.0 }),
            (big.clone(), Constant::Float((1_i64 << 60) as f64)),
            (big, Constant::Complex { real: (1_i64 << 60) as f64, imag: 0.0 }),
            (
                Constant::Tuple([Constant::Float(2.0)].into()),
                Constant::Tuple([Constant::Int(PyInt::from(2))].into()),
            ),
        ];
        for others in [0, 100] {
            for (left, right) in &pairs {
                assert!(are_equal(left, right), "{left:?} {right:?}");
                let mut distinct = DistinctConstants::default();
                for other in 0..others {
                    assert!(distinct.insert(Constant::Int(PyInt::from(1000 + other))));
                }
                assert!(distinct.insert(left.clone()));
                assert!(!distinct.insert(right.clone()), "{left:?} {right:?} among {others}");
                assert!(distinct.insert(Constant::Float(f64::NAN)));
                assert!(distinct.insert(Constant::Float(1.5)));
                assert!(!distinct.insert(Constant::Float(1.5)));
            }
        }
    }
}
