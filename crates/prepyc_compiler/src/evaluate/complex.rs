//! Complex numbers (CPython: `Objects/complexobject.c`).

use prepyc_version::ComplexArithmetic;

use super::BinaryOperator;

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Complex {
    pub(super) real: f64,
    pub(super) imag: f64,
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
            Some(Complex { real: a.real + b.real, imag: b.imag })
        }
        (BinaryOperator::Add, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: a.real + b.real, imag: a.imag })
        }
        (BinaryOperator::Add, ..) => Some(Complex { real: a.real + b.real, imag: a.imag + b.imag }),
        (BinaryOperator::Subtract, Operand::Real(_), _) if mixed => {
            Some(Complex { real: a.real - b.real, imag: -b.imag })
        }
        (BinaryOperator::Subtract, _, Operand::Real(_)) if mixed => {
            Some(Complex { real: a.real - b.real, imag: a.imag })
        }
        (BinaryOperator::Subtract, ..) => Some(Complex { real: a.real - b.real, imag: a.imag - b.imag }),
        (BinaryOperator::Multiply, Operand::Real(real), _) if mixed => {
            Some(Complex { real: real * b.real, imag: real * b.imag })
        }
        (BinaryOperator::Multiply, _, Operand::Real(real)) if mixed => {
            Some(Complex { real: a.real * real, imag: a.imag * real })
        }
        (BinaryOperator::Multiply, ..) => Some(multiply(a, b)),
        (BinaryOperator::TrueDivide, _, Operand::Real(real)) if mixed => {
            (real != 0.0).then(|| Complex { real: a.real / real, imag: a.imag / real })
        }
        (BinaryOperator::TrueDivide, Operand::Real(real), _) if mixed => divide_real(real, b),
        (BinaryOperator::TrueDivide, ..) => divide(a, b),
        (BinaryOperator::Power, ..) => power(a, b),
        _ => None,
    }
}

fn multiply(a: Complex, b: Complex) -> Complex {
    Complex { real: a.real * b.real - a.imag * b.imag, imag: a.real * b.imag + a.imag * b.real }
}

/// Smith's algorithm, as `_Py_c_quot` has it.
fn divide(a: Complex, b: Complex) -> Option<Complex> {
    if b.real.abs() >= b.imag.abs() {
        if b.real == 0.0 {
            return None;
        }
        let ratio = b.imag / b.real;
        let denominator = b.real + b.imag * ratio;
        return Some(Complex {
            real: (a.real + a.imag * ratio) / denominator,
            imag: (a.imag - a.real * ratio) / denominator,
        });
    }
    let ratio = b.real / b.imag;
    let denominator = b.real * ratio + b.imag;
    Some(Complex {
        real: (a.real * ratio + a.imag) / denominator,
        imag: (a.imag * ratio - a.real) / denominator,
    })
}

/// A real number by a complex one, as `_Py_rc_quot` has it: the signs of zeros differ from those of `divide`.
fn divide_real(a: f64, b: Complex) -> Option<Complex> {
    if b.real.abs() >= b.imag.abs() {
        if b.real == 0.0 {
            return None;
        }
        let ratio = b.imag / b.real;
        let denominator = b.real + b.imag * ratio;
        return Some(Complex { real: a / denominator, imag: (-a * ratio) / denominator });
    }
    let ratio = b.real / b.imag;
    let denominator = b.real * ratio + b.imag;
    Some(Complex { real: (a * ratio) / denominator, imag: -a / denominator })
}

/// `base ** exponent`: by multiplication for small whole exponents, else by polar coordinates (`complex_pow`).
pub(super) fn power(base: Complex, exponent: Complex) -> Option<Complex> {
    const MAX_MULTIPLIED: f64 = 100.0;
    let value = if exponent.imag == 0.0
        && exponent.real == exponent.real.floor()
        && exponent.real.abs() <= MAX_MULTIPLIED
    {
        whole_power(base, exponent.real as i32)?
    } else {
        polar_power(base, exponent)?
    };
    (!value.real.is_infinite() && !value.imag.is_infinite()).then_some(value)
}

fn whole_power(base: Complex, exponent: i32) -> Option<Complex> {
    const ONE: Complex = Complex { real: 1.0, imag: 0.0 };
    if exponent <= 0 {
        return if exponent == 0 {
            Some(ONE)
        } else {
            divide(ONE, positive_power(base, exponent.unsigned_abs()))
        };
    }
    Some(positive_power(base, exponent as u32))
}

fn positive_power(base: Complex, exponent: u32) -> Complex {
    let (mut result, mut square) = (Complex { real: 1.0, imag: 0.0 }, base);
    let mut mask = 1;
    while mask <= exponent {
        if exponent & mask != 0 {
            result = multiply(result, square);
        }
        mask <<= 1;
        square = multiply(square, square);
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
    Some(Complex { real: length * phase.cos(), imag: length * phase.sin() })
}
