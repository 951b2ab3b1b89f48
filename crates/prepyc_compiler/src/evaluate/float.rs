//! Floats.

use prepyc_bytecode::Constant;
use prepyc_version::{ComplexArithmetic, TwoNans};

use super::{BinaryOperator, complex};

pub(super) fn operate(
    left: f64,
    operator: BinaryOperator,
    right: f64,
    two_nans: TwoNans,
) -> Option<Constant> {
    let commutes = matches!(operator, BinaryOperator::Add | BinaryOperator::Multiply);
    // What is the same either way but for the sign of a NaN.
    let (left, right) = if commutes && two_nans == TwoNans::Right { (right, left) } else { (left, right) };
    let value = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::TrueDivide if right != 0.0 => left / right,
        BinaryOperator::FloorDivide if right != 0.0 => divide_with_remainder(left, right).0,
        BinaryOperator::Remainder if right != 0.0 => divide_with_remainder(left, right).1,
        BinaryOperator::Power => return power(left, right),
        _ => return None,
    };
    Some(Constant::Float(settled(value, left, right)))
}

/// The NaN that x86-64 makes of numbers, whatever machine this is.
pub(super) const MADE_NAN: f64 = f64::from_bits(0xFFF8_0000_0000_0000);

/// The NaN that C's `NAN` stands for.
pub(super) const WRITTEN_NAN: f64 = f64::from_bits(0x7FF8_0000_0000_0000);

/// A result whose NaN does not depend on the machine: one that came in goes out as it is.
fn settled(value: f64, left: f64, right: f64) -> f64 {
    match value.is_nan() {
        false => value,
        true if left.is_nan() => left,
        true if right.is_nan() => right,
        true => MADE_NAN,
    }
}

pub(super) fn sum(left: f64, right: f64) -> f64 {
    settled(left + right, left, right)
}

pub(super) fn difference(left: f64, right: f64) -> f64 {
    settled(left - right, left, right)
}

pub(super) fn product(left: f64, right: f64) -> f64 {
    settled(left * right, left, right)
}

/// Of a divisor that is not zero.
pub(super) fn quotient(left: f64, right: f64) -> f64 {
    settled(left / right, left, right)
}

/// `divmod` (CPython: `_float_div_mod`, `Objects/floatobject.c`): the remainder has the divisor's sign.
fn divide_with_remainder(left: f64, right: f64) -> (f64, f64) {
    let mut remainder = left % right;
    let mut quotient = (left - remainder) / right;
    if remainder == 0.0 {
        remainder = 0.0_f64.copysign(right);
    } else if (right < 0.0) != (remainder < 0.0) {
        remainder += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0_f64.copysign(left / right), remainder);
    }
    let mut floor = quotient.floor();
    if quotient - floor > 0.5 {
        floor += 1.0;
    }
    (floor, remainder)
}

/// CPython: `float_pow` (`Objects/floatobject.c`).
pub(super) fn power(base: f64, exponent: f64) -> Option<Constant> {
    if base == 0.0 && exponent < 0.0 && exponent.is_finite() {
        return None;
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent.fract() != 0.0 {
        let value = complex::power(
            complex::Complex { real: base, imag: 0.0 },
            complex::Complex { real: exponent, imag: 0.0 },
            ComplexArithmetic::Coerced,
        )?;
        return Some(Constant::Complex { real: value.real, imag: value.imag });
    }
    let value = settled(base.powf(exponent), base, exponent);
    // An overflow is an exception, bar those of infinities.
    (value.is_finite() || !base.is_finite() || !exponent.is_finite()).then_some(Constant::Float(value))
}
