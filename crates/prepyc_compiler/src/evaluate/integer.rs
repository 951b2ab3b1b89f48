//! Integers of any size.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{FromPrimitive, Signed, ToPrimitive, Zero};
use prepyc_bytecode::{Constant, PyInt};

use super::BinaryOperator;

/// Products, powers and shifts of more bits are not folded.
const MAX_INT_BITS: u64 = 128;

pub(super) fn big(value: &PyInt) -> BigInt {
    if let Some(small) = value.to_i64() {
        return BigInt::from(small);
    }
    let mut bytes = Vec::new();
    value.with_digits(|digits| {
        let (mut window, mut bits) = (0_u32, 0);
        for &digit in digits {
            window |= u32::from(digit) << bits;
            bits += PyInt::DIGIT_BITS;
            while bits >= 8 {
                bytes.push(window as u8);
                window >>= 8;
                bits -= 8;
            }
        }
        bytes.push(window as u8);
    });
    let sign = if value.is_negative() { Sign::Minus } else { Sign::Plus };
    BigInt::from_bytes_le(sign, &bytes)
}

pub(super) fn constant(value: &BigInt) -> Constant {
    if let Some(small) = value.to_i64() {
        return Constant::Int(PyInt::from(small));
    }
    let (mut digits, mut window, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in value.magnitude().to_bytes_le() {
        window |= u32::from(byte) << bits;
        bits += 8;
        if bits >= PyInt::DIGIT_BITS {
            digits.push((window & 0x7FFF) as u16);
            window >>= PyInt::DIGIT_BITS;
            bits -= PyInt::DIGIT_BITS;
        }
    }
    digits.push(window as u16);
    Constant::Int(PyInt::from_digits(value.is_negative(), &digits))
}

/// `float(value)`; `None` where that overflows.
pub(super) fn to_float(value: &BigInt) -> Option<f64> {
    value.to_f64().filter(|float| float.is_finite())
}

pub(super) fn equals_float(int: &BigInt, float: f64) -> bool {
    float.fract() == 0.0 && BigInt::from_f64(float).is_some_and(|float| float == *int)
}

pub(super) fn operate(left: &BigInt, operator: BinaryOperator, right: &BigInt) -> Option<Constant> {
    let value = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => multiply(left, right)?,
        BinaryOperator::TrueDivide => return true_divide(left, right).map(Constant::Float),
        BinaryOperator::FloorDivide if !right.is_zero() => left.div_floor(right),
        BinaryOperator::Remainder if !right.is_zero() => left.mod_floor(right),
        BinaryOperator::Power => return power(left, right),
        BinaryOperator::Lshift => shift_left(left, right)?,
        BinaryOperator::Rshift => shift_right(left, right)?,
        BinaryOperator::And => left & right,
        BinaryOperator::Or => left | right,
        BinaryOperator::Xor => left ^ right,
        BinaryOperator::FloorDivide | BinaryOperator::Remainder | BinaryOperator::Subscript => return None,
    };
    Some(constant(&value))
}

fn multiply(left: &BigInt, right: &BigInt) -> Option<BigInt> {
    let fits = left.is_zero() || right.is_zero() || left.bits() + right.bits() <= MAX_INT_BITS;
    fits.then(|| left * right)
}

fn power(base: &BigInt, exponent: &BigInt) -> Option<Constant> {
    if exponent.is_negative() {
        // CPython: `long_pow` hands negative exponents to `float_pow`.
        return super::float::power(to_float(base)?, to_float(exponent)?);
    }
    if !base.is_zero() && !exponent.is_zero() && base.bits() > MAX_INT_BITS / exponent.to_u64()? {
        return None;
    }
    // Where the exponent is larger than this, the base is 0.
    let power = base.pow(exponent.to_u32().unwrap_or(u32::MAX));
    Some(constant(&power))
}

fn shift_left(left: &BigInt, right: &BigInt) -> Option<BigInt> {
    if right.is_negative() {
        return None;
    }
    if left.is_zero() {
        return Some(BigInt::zero());
    }
    let count = right.to_u64().filter(|&count| count <= MAX_INT_BITS)?;
    (count == 0 || left.bits() <= MAX_INT_BITS - count).then(|| left << count)
}

fn shift_right(left: &BigInt, right: &BigInt) -> Option<BigInt> {
    if right.is_negative() {
        return None;
    }
    Some(match right.to_u64() {
        Some(count) => left >> count,
        None if left.is_negative() => BigInt::from(-1),
        None => BigInt::zero(),
    })
}

/// The float nearest to the quotient, ties to even (CPython: `long_true_divide`).
fn true_divide(left: &BigInt, right: &BigInt) -> Option<f64> {
    const EXACT_BITS: u64 = 53;
    if right.is_zero() {
        return None;
    }
    if left.bits() <= EXACT_BITS && right.bits() <= EXACT_BITS {
        return Some(left.to_f64()? / right.to_f64()?);
    }
    let negative = left.is_negative() != right.is_negative();
    let magnitude = divide_magnitudes(left.magnitude(), right.magnitude())?;
    Some(if negative { -magnitude } else { magnitude })
}

fn divide_magnitudes(left: &BigUint, right: &BigUint) -> Option<f64> {
    /// The exponent of the smallest subnormal.
    const MIN_EXPONENT: i64 = -1074;
    if left.is_zero() {
        return Some(0.0);
    }
    // A quotient of 55 bits or more, its lowest bit set if anything is left over, rounds as the true one does; where
    // the result is subnormal, fewer bits are asked for.
    let exponent = (left.bits() as i64 - right.bits() as i64 - 55).max(MIN_EXPONENT - 2);
    let (mut quotient, rest) = if exponent >= 0 {
        left.div_rem(&(right << exponent as u64))
    } else {
        (left << exponent.unsigned_abs()).div_rem(right)
    };
    if !rest.is_zero() {
        quotient |= BigUint::from(1_u8);
    }
    let bits = quotient.bits() as i64;
    let dropped = (bits - 53).max(MIN_EXPONENT - exponent).max(0);
    let kept = &quotient >> dropped as u64;
    let half = BigUint::from(1_u8) << (dropped.max(1) as u64 - 1);
    let remainder = &quotient - (&kept << dropped as u64);
    let rounds_up = dropped > 0 && (remainder > half || (remainder == half && kept.bit(0)));
    let kept = if rounds_up { kept + 1_u8 } else { kept }.to_f64()?;
    let scale = exponent + dropped;
    // In two steps, so that the scale itself neither overflows nor becomes subnormal.
    let value = kept * 2_f64.powi((scale / 2) as i32) * 2_f64.powi((scale - scale / 2) as i32);
    value.is_finite().then_some(value)
}
