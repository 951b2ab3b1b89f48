//! Complex numbers (CPython: `Objects/complexobject.c`).

use prepyc_version::ComplexArithmetic;

use super::BinaryOperator;
use super::float::{MADE_NAN, WRITTEN_NAN};

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

    /// With the sign of a NaN that x86-64 makes, whatever machine this is.
    fn settled(self) -> Complex {
        let made = |part: f64| if part.is_nan() { MADE_NAN } else { part };
        Complex { real: made(self.real), imag: made(self.imag) }
    }

    fn times(self, factor: f64) -> Complex {
        Complex { real: factor * self.real, imag: factor * self.imag }
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
/// Which sign a NaN has depends on how CPython was compiled, and for whom. Ours have the one that x86-64 makes of
/// numbers, but where CPython writes a NaN down or turns the sign of one.
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
            Some(Complex { real: a.real + b.real, imag: b.imag }.settled())
        }
        (BinaryOperator::Add, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: a.real + b.real, imag: a.imag }.settled())
        }
        (BinaryOperator::Add, ..) => Some(Complex { real: a.real + b.real, imag: a.imag + b.imag }.settled()),
        (BinaryOperator::Subtract, Operand::Real(_), _) if mixed => {
            Some(Complex { real: a.real - b.real, imag: -b.imag }.settled())
        }
        (BinaryOperator::Subtract, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: a.real - b.real, imag: a.imag }.settled())
        }
        (BinaryOperator::Subtract, ..) => {
            Some(Complex { real: a.real - b.real, imag: a.imag - b.imag }.settled())
        }
        (BinaryOperator::Multiply, Operand::Real(real), _) if mixed => {
            Some(Complex { real: real * b.real, imag: real * b.imag }.settled())
        }
        (BinaryOperator::Multiply, _, Operand::Real(real)) if mixed => {
            Some(Complex { real: a.real * real, imag: a.imag * real }.settled())
        }
        (BinaryOperator::Multiply, ..) => Some(multiply(a, b, rules)),
        (BinaryOperator::TrueDivide, _, Operand::Real(real)) if mixed => {
            (real != 0.0).then(|| Complex { real: a.real / real, imag: a.imag / real }.settled())
        }
        (BinaryOperator::TrueDivide, Operand::Real(real), _) if mixed => divide_real(real, b),
        (BinaryOperator::TrueDivide, ..) => divide(a, b, rules),
        (BinaryOperator::Power, ..) => power(a, b, rules),
        _ => None,
    }
}

fn multiply(a: Complex, b: Complex, rules: ComplexArithmetic) -> Complex {
    let product = |a: Complex, b: Complex| Complex {
        real: a.real * b.real - a.imag * b.imag,
        imag: a.real * b.imag + a.imag * b.real,
    };
    let value = product(a, b);
    if rules == ComplexArithmetic::Coerced || !value.is_nan() {
        return value.settled();
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
            return value.settled();
        }
        (a, b) = (a.without_nan(), b.without_nan());
    }
    product(a, b).times(f64::INFINITY).settled()
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
            let ratio = b.real / b.imag;
            return Some(Divisor::Imaginary { ratio, denominator: b.real * ratio + b.imag });
        }
        let ratio = b.imag / b.real;
        (b.real != 0.0).then_some(Divisor::Real { ratio, denominator: b.real + b.imag * ratio })
    }
}

/// As `_Py_c_quot` has it.
fn divide(a: Complex, b: Complex, rules: ComplexArithmetic) -> Option<Complex> {
    let value = match Divisor::new(b)? {
        Divisor::Nan => NAN,
        Divisor::Real { ratio, denominator } => Complex {
            real: (a.real + a.imag * ratio) / denominator,
            imag: (a.imag - a.real * ratio) / denominator,
        }
        .settled(),
        Divisor::Imaginary { ratio, denominator } => Complex {
            real: (a.real * ratio + a.imag) / denominator,
            imag: (a.imag * ratio - a.real) / denominator,
        }
        .settled(),
    };
    if rules == ComplexArithmetic::Coerced || !value.is_nan() {
        return Some(value);
    }
    let quotient = |a: Complex, b: Complex| Complex {
        real: a.real * b.real + a.imag * b.imag,
        imag: a.imag * b.real - a.real * b.imag,
    };
    Some(if a.is_infinite() && b.is_finite() {
        quotient(a.direction(), b).times(f64::INFINITY).settled()
    } else if b.is_infinite() && a.is_finite() {
        quotient(a, b.direction()).times(0.0)
    } else {
        value
    })
}

/// A real number by a complex one, as `_Py_rc_quot` has it: the signs of zeros differ from those of `divide`.
fn divide_real(a: f64, b: Complex) -> Option<Complex> {
    let value = match Divisor::new(b)? {
        Divisor::Nan => NAN,
        Divisor::Real { ratio, .. } if a.is_nan() && ratio.is_nan() => {
            Complex { real: a, imag: ratio }.settled()
        }
        _ if a.is_nan() => Complex { real: a, imag: -a },
        Divisor::Real { ratio, denominator } => {
            Complex { real: a / denominator, imag: (-a * ratio) / denominator }.settled()
        }
        Divisor::Imaginary { ratio, denominator } => {
            Complex { real: (a * ratio) / denominator, imag: -a / denominator }.settled()
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
    let value = Complex { real: length * phase.cos(), imag: length * phase.sin() }.settled();
    // The exponential of the angle is taken with its sign turned.
    let is_turned = angle.is_nan() && exponent.imag != 0.0;
    Some(if is_turned { Complex { imag: -value.imag, ..value } } else { value })
}
