//! The values of numbers, whose form the lexer has checked.

use bumpalo::Bump;
use num_bigint::BigUint;

use crate::ast::Literal;

/// Decimal integers with more digits are an error (CPython: `sys.int_info.default_max_str_digits`).
const MAX_DECIMAL_DIGITS: usize = 4300;

/// The value; the number of digits if there are too many.
pub(crate) fn parse<'a>(text: &str, arena: &'a Bump) -> Result<Literal<'a>, usize> {
    let bytes = text.as_bytes();
    if let [digit @ b'0'..=b'9'] = bytes {
        return Ok(Literal::Int(i64::from(digit - b'0')));
    }
    if bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit) {
        let value = bytes.iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
        return Ok(Literal::Int(value));
    }
    let digits;
    let text = if bytes.contains(&b'_') {
        digits = text.replace('_', "");
        digits.as_str()
    } else {
        text
    };
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        [.., b'j' | b'J'] => return Ok(Literal::Complex(float(&text[..text.len() - 1]))),
        other if other.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => {
            return Ok(Literal::Float(float(text)));
        }
        other if other.len() > MAX_DECIMAL_DIGITS => return Err(other.len()),
        _ => 10,
    };
    let digits = if radix == 10 { text } else { &text[2..] };
    Ok(match i64::from_str_radix(digits, radix) {
        Ok(value) => Literal::Int(value),
        Err(_) => big(digits, radix, arena),
    })
}

fn float(text: &str) -> f64 {
    text.parse().expect("the lexer checked the number's form")
}

fn big<'a>(digits: &str, radix: u32, arena: &'a Bump) -> Literal<'a> {
    let value = BigUint::parse_bytes(digits.as_bytes(), radix).expect("the lexer checked the number's form");
    let limbs: &'a [u32] = arena.alloc_slice_copy(&value.to_u32_digits());
    Literal::BigInt(arena.alloc(limbs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let arena = Bump::new();
        assert_eq!(format!("{:?}", parse(text, &arena)), expected, "{text}");
    }

    #[test]
    fn integers_of_any_base_and_size() {
        check("0", "Ok(Int(0))");
        check("1_000", "Ok(Int(1000))");
        check("0xFF", "Ok(Int(255))");
        check("0B1_0", "Ok(Int(2))");
        check("0o17", "Ok(Int(15))");
        check("9223372036854775807", "Ok(Int(9223372036854775807))");
        check("9223372036854775808", "Ok(BigInt([0, 2147483648]))");
        check("0x1_0000_0000_0000_0000", "Ok(BigInt([0, 0, 1]))");
        check(&"9".repeat(4301), "Err(4301)");
    }

    #[test]
    fn floats_and_imaginary_numbers() {
        check("1.", "Ok(Float(1.0))");
        check(".5", "Ok(Float(0.5))");
        check("1_0e-3", "Ok(Float(0.01))");
        check("1e400", "Ok(Float(inf))");
        check("0_0.5j", "Ok(Complex(0.5))");
        check("10J", "Ok(Complex(10.0))");
    }
}
