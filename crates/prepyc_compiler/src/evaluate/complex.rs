//! Complex numbers (CPython: `Objects/complexobject.c`).

use prepyc_version::ComplexArithmetic;

use super::BinaryOperator;
use super::float::{MADE_NAN, WRITTEN_NAN, difference, product, quotient, sum};

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Complex {
    pub(super) real: f64,
    pub(super) imag: f64,
}

/// What C's Annex G (G.5.1) asks of numbers, to find the infinities and zeros behind two NaNs.
impl Complex {
    fn is_nan(self) -> bool {
        self.real.is_nan() && self.imag.is_nan()
    }

    fn is_infinite(self) -> bool {
        self.real.is_infinite() || self.imag.is_infinite()
    }

    fn is_finite(self) -> bool {
        self.real.is_finite() && self.imag.is_finite()
    }

    /// One for infinity, zero for everything else, with their signs.
    fn direction(self) -> Complex {
        let unit = |part: f64| f64::from(u8::from(part.is_infinite())).copysign(part);
        Complex { real: unit(self.real), imag: unit(self.imag) }
    }

    /// Zero for NaN, with its sign.
    fn without_nan(self) -> Complex {
        let number = |part: f64| if part.is_nan() { 0.0_f64.copysign(part) } else { part };
        Complex { real: number(self.real), imag: number(self.imag) }
    }

    fn times(self, factor: f64) -> Complex {
        Complex { real: product(self.real, factor), imag: product(self.imag, factor) }
    }
}

/// A side of an operation of which at least one is complex.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Real(f64),
    Complex(Complex),
}

impl Operand {
    fn coerced(self) -> Complex {
        match self {
            Operand::Real(real) => Complex { real, imag: 0.0 },
            Operand::Complex(value) => value,
        }
    }
}

/// The result, if there is one that is not an exception.
///
/// Which sign a NaN has depends on how CPython was compiled, and for whom: ours is what x86-64 makes of numbers, and a
/// NaN that comes in goes out. Where two of different signs meet in a product or a power, the order of the operands is
/// the C compiler's choice, which is not followed.
pub(super) fn operate(
    left: Operand,
    operator: BinaryOperator,
    right: Operand,
    rules: ComplexArithmetic,
) -> Option<Complex> {
    let (a, b) = (left.coerced(), right.coerced());
    let mixed = rules == ComplexArithmetic::Mixed;
    match (operator, left, right) {
        (BinaryOperator::Add, Operand::Real(_), _) if mixed => {
            Some(Complex { real: sum(b.real, a.real), imag: b.imag })
        }
        (BinaryOperator::Add, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: sum(a.real, b.real), imag: a.imag })
        }
        (BinaryOperator::Add, ..) => Some(Complex { real: sum(a.real, b.real), imag: sum(a.imag, b.imag) }),
        (BinaryOperator::Subtract, Operand::Real(_), _) if mixed => {
            Some(Complex { real: difference(a.real, b.real), imag: -b.imag })
        }
        (BinaryOperator::Subtract, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: difference(a.real, b.real), imag: a.imag })
        }
        (BinaryOperator::Subtract, ..) => {
            Some(Complex { real: difference(a.real, b.real), imag: difference(a.imag, b.imag) })
        }
        (BinaryOperator::Multiply, Operand::Real(real), _) if mixed => Some(b.times(real)),
        (BinaryOperator::Multiply, _, Operand::Real(real)) if mixed => Some(a.times(real)),
        (BinaryOperator::Multiply, ..) => Some(multiply(a, b, rules)),
        (BinaryOperator::TrueDivide, _, Operand::Real(real)) if mixed => {
            (real != 0.0).then(|| Complex { real: quotient(a.real, real), imag: quotient(a.imag, real) })
        }
        (BinaryOperator::TrueDivide, Operand::Real(real), _) if mixed => divide_real(real, b),
        (BinaryOperator::TrueDivide, ..) => divide(a, b, rules),
        (BinaryOperator::Power, ..) => power(a, b, rules),
        _ => None,
    }
}

fn multiply(a: Complex, b: Complex, rules: ComplexArithmetic) -> Complex {
    let multiplied = |a: Complex, b: Complex| Complex {
        real: difference(product(a.real, b.real), product(a.imag, b.imag)),
        imag: sum(product(a.real, b.imag), product(a.imag, b.real)),
    };
    let value = multiplied(a, b);
    if rules == ComplexArithmetic::Coerced || !value.is_nan() {
        return value;
    }
    let (mut a, mut b) = (a, b);
    let is_infinite = a.is_infinite() || b.is_infinite();
    let parts = [a.real * b.real, a.imag * b.imag, a.real * b.imag, a.imag * b.real];
    if a.is_infinite() {
        (a, b) = (a.direction(), b.without_nan());
    }
    if b.is_infinite() {
        (a, b) = (a.without_nan(), b.direction());
    }
    if !is_infinite {
        if !parts.iter().any(|part| part.is_infinite()) {
            return value;
        }
        (a, b) = (a.without_nan(), b.without_nan());
    }
    multiplied(a, b).times(f64::INFINITY)
}

/// What CPython answers to a divisor with a NaN (`Py_NAN`).
const NAN: Complex = Complex { real: WRITTEN_NAN, imag: WRITTEN_NAN };

/// A divisor by its larger part, as Smith's algorithm divides by it.
enum Divisor {
    /// One part or both.
    Nan,
    Real {
        ratio: f64,
        denominator: f64,
    },
    Imaginary {
        ratio: f64,
        denominator: f64,
    },
}

impl Divisor {
    /// None for zero.
    fn new(b: Complex) -> Option<Divisor> {
        if b.real.is_nan() || b.imag.is_nan() {
            return Some(Divisor::Nan);
        }
        if b.real.abs() < b.imag.abs() {
            let ratio = quotient(b.real, b.imag);
            return Some(Divisor::Imaginary { ratio, denominator: sum(product(b.real, ratio), b.imag) });
        }
        let ratio = quotient(b.imag, b.real);
        let denominator = sum(b.real, product(b.imag, ratio));
        (b.real != 0.0).then_some(Divisor::Real { ratio, denominator })
    }
}

/// As `_Py_c_quot` has it.
fn divide(a: Complex, b: Complex, rules: ComplexArithmetic) -> Option<Complex> {
    let value = match Divisor::new(b)? {
        Divisor::Nan => NAN,
        Divisor::Real { ratio, denominator } => Complex {
            real: quotient(sum(a.real, product(a.imag, ratio)), denominator),
            imag: quotient(difference(a.imag, product(a.real, ratio)), denominator),
        },
        Divisor::Imaginary { ratio, denominator } => Complex {
            real: quotient(sum(product(a.real, ratio), a.imag), denominator),
            imag: quotient(difference(product(a.imag, ratio), a.real), denominator),
        },
    };
    if rules == ComplexArithmetic::Coerced || !value.is_nan() {
        return Some(value);
    }
    let found = |a: Complex, b: Complex| Complex {
        real: sum(product(a.real, b.real), product(a.imag, b.imag)),
        imag: difference(product(a.imag, b.real), product(a.real, b.imag)),
    };
    Some(if a.is_infinite() && b.is_finite() {
        found(a.direction(), b).times(f64::INFINITY)
    } else if b.is_infinite() && a.is_finite() {
        found(a, b.direction()).times(0.0)
    } else {
        value
    })
}

/// A real number by a complex one, as `_Py_rc_quot` has it: the signs of zeros differ from those of `divide`.
fn divide_real(a: f64, b: Complex) -> Option<Complex> {
    let value = match Divisor::new(b)? {
        Divisor::Nan => NAN,
        Divisor::Real { ratio, denominator } => {
            Complex { real: quotient(a, denominator), imag: quotient(product(ratio, -a), denominator) }
        }
        Divisor::Imaginary { ratio, denominator } => {
            Complex { real: quotient(product(ratio, a), denominator), imag: quotient(-a, denominator) }
        }
    };
    if value.is_nan() && a.is_finite() && b.is_infinite() {
        let Complex { real, imag } = b.direction();
        return Some(Complex { real: a * real, imag: -a * imag }.times(0.0));
    }
    Some(value)
}

/// `base ** exponent`: by multiplication for small whole exponents, else by polar coordinates (`complex_pow`).
pub(super) fn power(base: Complex, exponent: Complex, rules: ComplexArithmetic) -> Option<Complex> {
    const MAX_MULTIPLIED: f64 = 100.0;
    let value = if exponent.imag == 0.0
        && exponent.real == exponent.real.floor()
        && exponent.real.abs() <= MAX_MULTIPLIED
    {
        whole_power(base, exponent.real as i32, rules)?
    } else {
        polar_power(base, exponent)?
    };
    (!value.real.is_infinite() && !value.imag.is_infinite()).then_some(value)
}

fn whole_power(base: Complex, exponent: i32, rules: ComplexArithmetic) -> Option<Complex> {
    const ONE: Complex = Complex { real: 1.0, imag: 0.0 };
    if exponent <= 0 {
        return if exponent == 0 {
            Some(ONE)
        } else {
            divide(ONE, positive_power(base, exponent.unsigned_abs(), rules), rules)
        };
    }
    Some(positive_power(base, exponent as u32, rules))
}

fn positive_power(base: Complex, exponent: u32, rules: ComplexArithmetic) -> Complex {
    let (mut result, mut square) = (Complex { real: 1.0, imag: 0.0 }, base);
    let mut mask = 1;
    while mask <= exponent {
        if exponent & mask != 0 {
            result = multiply(result, square, rules);
        }
        mask <<= 1;
        square = multiply(square, square, rules);
    }
    result
}

fn polar_power(base: Complex, exponent: Complex) -> Option<Complex> {
    if base.real == 0.0 && base.imag == 0.0 {
        let raises = exponent.imag != 0.0 || exponent.real < 0.0;
        return (!raises).then_some(Complex { real: 0.0, imag: 0.0 });
    }
    let magnitude = base.real.hypot(base.imag);
    let mut length = magnitude.powf(exponent.real);
    let angle = base.imag.atan2(base.real);
    let mut phase = angle * exponent.real;
    if exponent.imag != 0.0 {
        length *= (-angle * exponent.imag).exp();
        phase += exponent.imag * magnitude.ln();
    }
    if phase.is_infinite() {
        // The C library has no cosine of infinity, which CPython reports as a division by zero.
        return None;
    }
    let made = |part: f64| if part.is_nan() { MADE_NAN } else { part };
    let value = Complex { real: made(length * phase.cos()), imag: made(length * phase.sin()) };
    // The exponential of the angle is taken with its sign turned.
    let is_turned = angle.is_nan() && exponent.imag != 0.0;
    Some(if is_turned { Complex { imag: -value.imag, ..value } } else { value })
}
