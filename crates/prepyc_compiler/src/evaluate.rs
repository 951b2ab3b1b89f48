//! Operations on constants, with the results and the limits of CPython's constant folding.
//!
//! Mirrors the `safe_multiply`, `safe_power`, `safe_lshift` and `safe_mod` of `Python/ast_opt.c` (to 3.13) and
//! `Python/flowgraph.c` (from 3.14 on), and what `PyNumber_…` and `PyObject_GetItem` do with built-in values. `None`
//! means "leave it to run time": an exception, or a result too large to keep.

mod complex;
mod equality;
mod float;
mod integer;
mod sequence;

use num_bigint::BigInt;
use prepyc_bytecode::{Constant, PyInt, Strings};
use prepyc_version::Arithmetic;

pub(crate) use equality::DistinctConstants;
pub use equality::without_equal_elements;

/// The binary operators that can be folded, as BINARY_OP numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Python's own")]
pub enum BinaryOperator {
    Add,
    And,
    FloorDivide,
    Lshift,
    Multiply,
    Remainder,
    Or,
    Power,
    Rshift,
    Subtract,
    TrueDivide,
    Xor,
    Subscript,
}

impl BinaryOperator {
    /// The operator of a BINARY_OP (CPython: `NB_ADD` and its like, `Include/opcode.h`); `None` for those that change
    /// their left operand and for `@`.
    #[must_use]
    pub fn from_oparg(oparg: u32) -> Option<BinaryOperator> {
        Some(match oparg {
            0 => BinaryOperator::Add,
            1 => BinaryOperator::And,
            2 => BinaryOperator::FloorDivide,
            3 => BinaryOperator::Lshift,
            5 => BinaryOperator::Multiply,
            6 => BinaryOperator::Remainder,
            7 => BinaryOperator::Or,
            8 => BinaryOperator::Power,
            9 => BinaryOperator::Rshift,
            10 => BinaryOperator::Subtract,
            11 => BinaryOperator::TrueDivide,
            12 => BinaryOperator::Xor,
            26 => BinaryOperator::Subscript,
            _ => return None,
        })
    }
}

/// The unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Python's own")]
pub enum UnaryOperator {
    Positive,
    Negative,
    Invert,
    Not,
}

/// A number on the way up Python's tower.
enum Number {
    Int(BigInt),
    Float(f64),
    Complex(complex::Complex),
}

fn number_of(constant: &Constant) -> Option<Number> {
    Some(match constant {
        Constant::Bool(value) => Number::Int(BigInt::from(u8::from(*value))),
        Constant::Int(value) => Number::Int(integer::big(value)),
        Constant::Float(value) => Number::Float(*value),
        Constant::Complex { real, imag } => Number::Complex(complex::Complex { real: *real, imag: *imag }),
        _ => return None,
    })
}

/// `bool(value)`.
#[must_use]
pub fn is_true(value: &Constant, strings: &Strings) -> bool {
    match value {
        Constant::None => false,
        Constant::Bool(value) => *value,
        Constant::Int(value) => value.to_i64() != Some(0),
        Constant::Float(value) => *value != 0.0,
        Constant::Complex { real, imag } => *real != 0.0 || *imag != 0.0,
        Constant::Str(id) => !strings.get(*id).is_empty(),
        Constant::Bytes(bytes) => !bytes.is_empty(),
        Constant::Tuple(elements) => !elements.is_empty(),
        Constant::FrozenSet(set) => !set.elements().is_empty(),
        _ => true,
    }
}

/// The value of `operator operand`.
#[must_use]
pub fn unary_operation(operator: UnaryOperator, operand: &Constant, strings: &Strings) -> Option<Constant> {
    if operator == UnaryOperator::Not {
        return Some(Constant::Bool(!is_true(operand, strings)));
    }
    if operator == UnaryOperator::Negative
        && let Constant::Int(value) = operand
        && let Some(negated) = value.to_i64().and_then(i64::checked_neg)
    {
        return Some(Constant::Int(PyInt::from(negated)));
    }
    Some(match (operator, number_of(operand)?) {
        (UnaryOperator::Negative, Number::Int(value)) => integer::constant(&-value),
        (UnaryOperator::Negative, Number::Float(value)) => Constant::Float(-value),
        (UnaryOperator::Negative, Number::Complex(value)) => {
            Constant::Complex { real: -value.real, imag: -value.imag }
        }
        (UnaryOperator::Positive, Number::Int(value)) => integer::constant(&value),
        (UnaryOperator::Positive, _) => operand.clone(),
        (UnaryOperator::Invert, Number::Int(value)) => integer::constant(&!value),
        _ => return None,
    })
}

/// The value of `left operator right`.
#[must_use]
pub fn binary_operation(
    left: &Constant,
    operator: BinaryOperator,
    right: &Constant,
    strings: &mut Strings,
    rules: Arithmetic,
) -> Option<Constant> {
    match operator {
        BinaryOperator::Subscript => return sequence::subscript(left, right, strings),
        BinaryOperator::Remainder if matches!(left, Constant::Str(_) | Constant::Bytes(_)) => return None,
        BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor => {
            if let (Constant::Bool(left), Constant::Bool(right)) = (left, right) {
                return Some(Constant::Bool(match operator {
                    BinaryOperator::And => left & right,
                    BinaryOperator::Or => left | right,
                    _ => left ^ right,
                }));
            }
        }
        _ => {}
    }
    match (number_of(left), number_of(right)) {
        (Some(left), Some(right)) => arithmetic(left, operator, right, rules),
        _ => match operator {
            BinaryOperator::Add => sequence::concatenate(left, right, strings),
            BinaryOperator::Multiply => sequence::repeat(left, right, strings),
            _ => None,
        },
    }
}

fn arithmetic(left: Number, operator: BinaryOperator, right: Number, rules: Arithmetic) -> Option<Constant> {
    let float_of = |number: &Number| match number {
        Number::Int(value) => integer::to_float(value),
        Number::Float(value) => Some(*value),
        Number::Complex(_) => None,
    };
    match (&left, &right) {
        (Number::Int(left), Number::Int(right)) => integer::operate(left, operator, right),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => {
            let part = |number: &Number| match number {
                Number::Complex(value) => Some(complex::Operand::Complex(*value)),
                real => float_of(real).map(complex::Operand::Real),
            };
            let value = complex::operate(part(&left)?, operator, part(&right)?, rules.complex)?;
            Some(Constant::Complex { real: value.real, imag: value.imag })
        }
        _ => float::operate(float_of(&left)?, operator, float_of(&right)?, rules.two_nans),
    }
}
