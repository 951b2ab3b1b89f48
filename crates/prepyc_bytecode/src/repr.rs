//! Constants as Python's `repr` shows them, up to what would not be stable: code objects have no address.

use std::fmt::{self, Formatter, Write};

use crate::constant::{Constant, PyInt};
use crate::strings::{PyStr, Strings};

/// Integers of more digits than this (in base 2¹⁵) are shown in hexadecimal: CPython refuses to show them in
/// decimal, and it would take long.
const MAX_DECIMAL_DIGITS: usize = 950;

/// A constant, to be displayed.
pub(crate) struct Repr<'a> {
    pub(crate) constant: &'a Constant,
    pub(crate) strings: &'a Strings,
}

impl fmt::Display for Repr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let of = |constant| Repr { constant, strings: self.strings };
        match self.constant {
            Constant::None => f.write_str("None"),
            Constant::Bool(true) => f.write_str("True"),
            Constant::Bool(false) => f.write_str("False"),
            Constant::Ellipsis => f.write_str("Ellipsis"),
            Constant::StopIteration => f.write_str("<class 'StopIteration'>"),
            Constant::Int(number) => write!(f, "{number}"),
            Constant::Float(number) => f.write_str(&float(*number)),
            Constant::Complex { real, imag } => f.write_str(&complex(*real, *imag)),
            Constant::Str(id) => write_str(f, self.strings.get(*id)),
            Constant::Bytes(bytes) => write_bytes(f, bytes),
            Constant::Tuple(elements) if elements.len() == 1 => write!(f, "({},)", of(&elements[0])),
            Constant::Tuple(elements) => self.sequence(f, "(", elements, ")"),
            Constant::List(elements) => self.sequence(f, "[", elements, "]"),
            Constant::FrozenSet(set) if set.elements().is_empty() => f.write_str("frozenset()"),
            Constant::FrozenSet(set) => self.sequence(f, "frozenset({", set.elements(), "})"),
            Constant::Set(set) if set.elements().is_empty() => f.write_str("set()"),
            Constant::Set(set) => self.sequence(f, "{", set.elements(), "}"),
            Constant::Slice(parts) => self.sequence(f, "slice(", &parts[..], ")"),
            Constant::Dict(items) => self.items(f, "{", items, "}"),
            Constant::FrozenDict(items) if items.is_empty() => f.write_str("frozendict()"),
            Constant::FrozenDict(items) => self.items(f, "frozendict({", items, "})"),
            Constant::Code(code) => {
                let [name, line] =
                    [self.strings.get(code.qualname).to_string(), code.firstlineno.to_string()];
                write!(f, "<code {name}, line {line}>")
            }
        }
    }
}

impl Repr<'_> {
    fn sequence(&self, f: &mut Formatter<'_>, open: &str, elements: &[Constant], close: &str) -> fmt::Result {
        f.write_str(open)?;
        for (index, constant) in elements.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Repr { constant, ..*self })?;
        }
        f.write_str(close)
    }

    fn items(
        &self,
        f: &mut Formatter<'_>,
        open: &str,
        items: &[(Constant, Constant)],
        close: &str,
    ) -> fmt::Result {
        f.write_str(open)?;
        for (index, (key, value)) in items.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", Repr { constant: key, ..*self }, Repr { constant: value, ..*self })?;
        }
        f.write_str(close)
    }
}

/// Decimal; hexadecimal where there are too many digits.
impl fmt::Display for PyInt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(value) = self.to_i64() {
            return write!(f, "{value}");
        }
        if self.is_negative() {
            f.write_char('-')?;
        }
        self.with_digits(|digits| {
            f.write_str(&if digits.len() > MAX_DECIMAL_DIGITS {
                hexadecimal(digits)
            } else {
                decimal(digits)
            })
        })
    }
}

/// The number with these digits of 15 bits, lowest first, in decimal.
fn decimal(digits: &[u16]) -> String {
    const CHUNK: u64 = 1_000_000_000;
    let mut chunks: Vec<u64> = Vec::new();
    for &digit in digits.iter().rev() {
        let mut carry = u64::from(digit);
        for chunk in &mut chunks {
            let value = (*chunk << PyInt::DIGIT_BITS) + carry;
            *chunk = value % CHUNK;
            carry = value / CHUNK;
        }
        if carry > 0 {
            chunks.push(carry);
        }
    }
    let highest = chunks.pop().unwrap_or(0).to_string();
    chunks.iter().rev().fold(highest, |text, chunk| text + &format!("{chunk:09}"))
}

/// The number with these digits of 15 bits, lowest first, in hexadecimal.
fn hexadecimal(digits: &[u16]) -> String {
    let bit = |index: usize| {
        let digit = digits.get(index / PyInt::DIGIT_BITS as usize).copied().unwrap_or(0);
        digit >> (index % PyInt::DIGIT_BITS as usize) & 1
    };
    let nibbles = (digits.len() * PyInt::DIGIT_BITS as usize).div_ceil(4);
    let mut text: String = (0..nibbles)
        .rev()
        .map(|nibble| (0..4).fold(0, |sum, index| sum | u32::from(bit(4 * nibble + index)) << index))
        .filter_map(|value| char::from_digit(value, 16))
        .collect();
    let zeroes = text.len() - text.trim_start_matches('0').len();
    text.replace_range(..zeroes, "0x");
    text
}

/// The shortest text that reads back as the number, with `.0` where it would look like an integer.
fn float(number: f64) -> String {
    let mut text = float_text(number);
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        text.push_str(".0");
    }
    text
}

/// The shortest text that reads back as the number, as Python shows it, but without `.0` behind a whole number.
#[must_use]
pub fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:e}");
    // Where two texts are as short and as near, CPython takes the even one, as rounding to that many digits does.
    let digits = shortest.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{number:.*e}", digits - 1);
    let is_same = rounded.parse() == Ok(number);
    let scientific = if is_same { rounded } else { shortest };
    let (digits, exponent) = scientific.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("an integer");
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    if !is_same {
        return number.to_string();
    }
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    format!("{number:.*}", usize::try_from(decimals - exponent).unwrap_or(0))
}

fn complex(real: f64, imag: f64) -> String {
    let imaginary = float_text(imag);
    if real == 0.0 && real.is_sign_positive() {
        return format!("{imaginary}j");
    }
    let plus = if imaginary.starts_with('-') { "" } else { "+" };
    format!("({}{plus}{imaginary}j)", float_text(real))
}

/// A string with what cannot be seen escaped.
pub(crate) fn write_str(f: &mut Formatter<'_>, string: PyStr<'_>) -> fmt::Result {
    let bytes = string.as_bytes();
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for code_point in string.code_points() {
        match char::from_u32(code_point) {
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some('\\') => f.write_str("\\\\")?,
            Some(character) if character == quote => write!(f, "\\{quote}")?,
            Some(character @ ' '..='~') => f.write_char(character)?,
            Some(character) if !character.is_ascii() && character.escape_debug().count() == 1 => {
                f.write_char(character)?;
            }
            _ if code_point < 0x100 => write!(f, "\\x{code_point:02x}")?,
            _ if code_point < 0x1_0000 => write!(f, "\\u{code_point:04x}")?,
            _ => write!(f, "\\U{code_point:08x}")?,
        }
    }
    f.write_char(quote)
}

fn write_bytes(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    write!(f, "b{}", char::from(quote))?;
    for &byte in bytes {
        match byte {
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            b'\\' => f.write_str("\\\\")?,
            _ if byte == quote => write!(f, "\\{}", char::from(quote))?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    f.write_char(char::from(quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_shown_as_python_shows_them() {
        for (text, expected) in [
            ("a'b", "\"a'b\""),
            ("a'\"", "'a\\'\"'"),
            ("\n\u{e9}\u{20ac}\u{1f600}\0\u{7f}\u{a0}", "'\\n\u{e9}\u{20ac}\u{1f600}\\x00\\x7f\\xa0'"),
        ] {
            assert_eq!(format!("{:?}", PyStr::from(text)), expected);
        }
    }

    #[test]
    fn numbers_are_shown_as_python_shows_them() {
        for (number, expected) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (99.998_809_814_453_13, "99.99880981445312"),
            (1_429_035_198_630_573.3, "1429035198630573.2"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_994.0, "9007199254740994.0"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(float(number), expected);
        }
        for (real, imag, expected) in
            [(0.0, 1.0, "1j"), (-0.0, 1.0, "(-0+1j)"), (1.5, -2.0, "(1.5-2j)"), (0.0, -0.0, "-0j")]
        {
            assert_eq!(complex(real, imag), expected);
        }
    }

    #[test]
    fn big_integers_are_shown_in_full() {
        let mut digits = vec![0_u16; 4];
        digits.push(1);
        assert_eq!(PyInt::from_digits(false, &digits).to_string(), (1_u64 << 60).to_string());
        let text = format!("1{}", "0".repeat(40));
        assert_eq!(decimal(&digits_of(&text)), text);
        assert_eq!(PyInt::from_digits(true, &digits_of(&text)).to_string(), format!("-{text}"));
        assert_eq!(hexadecimal(&[0x7FFF, 0x7FFF]), "0x3fffffff");
        assert_eq!(hexadecimal(&[0, 0, 1]), "0x40000000");
    }

    /// The digits of 15 bits, lowest first, of a decimal number.
    fn digits_of(text: &str) -> Vec<u16> {
        let mut digits: Vec<u16> = Vec::new();
        for byte in text.bytes() {
            let mut carry = u32::from(byte - b'0');
            for digit in &mut digits {
                let value = u32::from(*digit) * 10 + carry;
                *digit = (value & 0x7FFF) as u16;
                carry = value >> 15;
            }
            if carry > 0 {
                digits.push(carry as u16);
            }
        }
        digits
    }
}
