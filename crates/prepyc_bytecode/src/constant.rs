//! Constants: everything that marshal can hold, by value.
//!
//! A [`Constant`] names its strings by [`StrId`] and so belongs to one [`Strings`] table.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::code::CodeObject;
use crate::marshal;
use crate::strings::{StrId, Strings};

/// A value that marshal can hold.
///
/// There is no `PartialEq`: constants of CPython are equal by type and sign (`1`, `1.0` and `True` differ, and
/// so do `0.0` and `-0.0`), strings only within one table. [`crate::marshal::Value`] and [`crate::Program`] compare.
#[derive(Clone, Debug)]
pub enum Constant {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// `...`.
    Ellipsis,
    /// The class `StopIteration`, which marshal has a code for and no compiler writes.
    StopIteration,
    /// An `int`.
    Int(PyInt),
    /// A `float`; all bits of a NaN count.
    Float(f64),
    /// A `complex`.
    Complex {
        /// The real part.
        real: f64,
        /// The imaginary part.
        imag: f64,
    },
    /// A `str`.
    Str(StrId),
    /// A `bytes`.
    Bytes(Arc<[u8]>),
    /// A `tuple`.
    Tuple(Arc<[Constant]>),
    /// A `frozenset`.
    FrozenSet(FrozenSet),
    /// A `slice`: start, stop, step. Constants from 3.14 on.
    Slice(Arc<[Constant; 3]>),
    /// A code object.
    Code(Arc<CodeObject>),
    /// A `list`; no compiler writes one.
    List(Arc<[Constant]>),
    /// A `set`, ordered as a [`FrozenSet`]; no compiler writes one.
    Set(FrozenSet),
    /// A `dict`, in its order; no compiler writes one.
    Dict(Arc<[(Constant, Constant)]>),
    /// A `frozendict`, in its order. Exists from 3.15 on; no compiler writes one.
    FrozenDict(Arc<[(Constant, Constant)]>),
}

/// The elements of a set: without duplicates (by type and sign), ordered by their marshal bytes.
#[derive(Clone, Debug)]
pub struct FrozenSet(Arc<[Constant]>);

impl FrozenSet {
    /// The set of these elements, whose strings are in that table.
    pub fn new(elements: Vec<Constant>, strings: &Strings) -> FrozenSet {
        if elements.len() < 2 {
            return FrozenSet(elements.into());
        }
        // All keys in one buffer; an element is known by where its key begins and ends.
        let mut keys = Vec::new();
        let mut keyed: Vec<(Range<usize>, Constant)> = elements
            .into_iter()
            .map(|element| {
                let start = keys.len();
                marshal::write_sort_key(&element, strings, &mut keys);
                (start..keys.len(), element)
            })
            .collect();
        let key = |range: &Range<usize>| &keys[range.clone()];
        keyed.sort_by(|(left, _), (right, _)| key(left).cmp(key(right)));
        keyed.dedup_by(|(left, _), (right, _)| key(left) == key(right));
        FrozenSet(keyed.into_iter().map(|(_, element)| element).collect())
    }

    /// The elements, ordered by their marshal bytes.
    pub fn elements(&self) -> &[Constant] {
        &self.0
    }
}

/// An `int` of any size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PyInt(Repr);

/// Whatever fits 64 bits is `Small`; the rest has a sign and marshal's digits of 15 bits, lowest first,
/// the highest not zero.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    Big { negative: bool, digits: Arc<[u16]> },
}

impl PyInt {
    /// The bits of a digit.
    pub const DIGIT_BITS: u32 = 15;

    /// The number with these digits of 15 bits, lowest first; higher zeroes are allowed.
    ///
    /// # Panics
    /// If a digit has more than 15 bits.
    pub fn from_digits(negative: bool, digits: &[u16]) -> PyInt {
        assert!(digits.iter().all(|&digit| digit >> Self::DIGIT_BITS == 0), "digits have 15 bits");
        let length = digits.iter().rposition(|&digit| digit != 0).map_or(0, |highest| highest + 1);
        let digits = &digits[..length];
        if digits.len() <= 5 {
            let magnitude =
                digits.iter().rev().fold(0_i128, |sum, &digit| sum << Self::DIGIT_BITS | i128::from(digit));
            if let Ok(value) = i64::try_from(if negative { -magnitude } else { magnitude }) {
                return PyInt(Repr::Small(value));
            }
        }
        PyInt(Repr::Big { negative, digits: digits.into() })
    }

    /// The number, where it fits.
    pub const fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big { .. } => None,
        }
    }

    /// Whether the number is below zero.
    pub const fn is_negative(&self) -> bool {
        match self.0 {
            Repr::Small(value) => value < 0,
            Repr::Big { negative, .. } => negative,
        }
    }

    /// Gives the sign and the digits of 15 bits, lowest first, the highest not zero; zero has none.
    pub fn with_digits<R>(&self, give: impl FnOnce(&[u16]) -> R) -> R {
        match &self.0 {
            Repr::Big { digits, .. } => give(digits),
            Repr::Small(value) => {
                let mut digits = [0_u16; 5];
                let mut rest = value.unsigned_abs();
                let mut length = 0;
                while rest != 0 {
                    digits[length] = (rest & 0x7FFF) as u16;
                    rest >>= Self::DIGIT_BITS;
                    length += 1;
                }
                give(&digits[..length])
            }
        }
    }
}

impl From<i64> for PyInt {
    fn from(value: i64) -> PyInt {
        PyInt(Repr::Small(value))
    }
}

impl fmt::Debug for PyInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        assert_eq!(PyInt::from_digits(false, &[5, 0, 0]), PyInt::from(5));
        assert_eq!(PyInt::from_digits(true, &[]), PyInt::from(0));
        assert_eq!(PyInt::from_digits(true, &[0, 0, 0, 0, 8]), PyInt::from(i64::MIN));
        assert_eq!(PyInt::from_digits(false, &[0, 0, 0, 0, 8]).to_i64(), None);
        for value in [0, 1, -1, 32767, 32768, i64::MAX, i64::MIN, 1 << 40] {
            let number = PyInt::from(value);
            number.with_digits(|digits| assert_eq!(PyInt::from_digits(value < 0, digits), number));
        }
    }
}
