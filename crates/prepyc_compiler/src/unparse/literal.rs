//! Constants as `repr` writes them.

use num_bigint::BigUint;
use prepyc_bytecode::{PyStr, float_text};
use prepyc_syntax::ast::{ConstantKind, Literal};
use prepyc_version::Features;

use super::Writer;
use crate::codegen::Failure;
use crate::limits::{Limit, MAX_DECIMAL_DIGITS};

/// As many bits as a number of [`MAX_DECIMAL_DIGITS`] can have, and a few more.
const MAX_BITS: u64 = MAX_DECIMAL_DIGITS as u64 * 10 / 3;

/// What no float can be: infinity, as text that reads back as it.
const INFINITE: &str = "1e309";

impl Writer<'_, '_> {
    pub(super) fn constant(&mut self, value: Literal<'_>, kind: ConstantKind) -> Result<(), Failure> {
        if kind == ConstantKind::U {
            self.write("u");
        }
        match value {
            Literal::None => self.write("None"),
            Literal::True => self.write("True"),
            Literal::False => self.write("False"),
            Literal::Ellipsis => self.write("..."),
            Literal::Int(number) => self.write(&number.to_string()),
            Literal::BigInt(digits) => {
                let number = BigUint::new(digits.to_vec());
                if number.bits() > MAX_BITS {
                    return Err(Limit::DecimalDigits.into());
                }
                let text = number.to_string();
                if text.len() > MAX_DECIMAL_DIGITS {
                    return Err(Limit::DecimalDigits.into());
                }
                self.write(&text);
            }
            Literal::Float(number) => {
                let text = float(number);
                self.write(&text);
                if text.bytes().all(|byte| byte.is_ascii_digit()) {
                    self.write(".0");
                }
            }
            Literal::Complex(imaginary) => {
                self.write(&float(imaginary));
                self.write("j");
            }
            Literal::Str(id) => {
                write_string(&mut self.text, self.strings.get(id).as_bytes(), self.limit, self.features)?;
            }
            Literal::Bytes(bytes) => self.bytes(bytes),
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let quote = quote_for(bytes);
        self.text.extend([b'b', quote]);
        for &byte in bytes {
            match byte {
                b' '..=b'~' if byte != quote && byte != b'\\' => self.text.push(byte),
                _ => escape(&mut self.text, u32::from(byte)),
            }
        }
        self.text.push(quote);
    }
}

/// The number, which is not negative, as `repr` writes it; a whole number has no `.0`.
fn float(number: f64) -> String {
    if number.is_infinite() { INFINITE.to_owned() } else { float_text(number) }
}

fn quote_for(bytes: &[u8]) -> u8 {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' }
}

/// A string in quotes, to the end of `text`, which may not become longer than `limit`.
pub(super) fn write_string(
    text: &mut Vec<u8>,
    string: &[u8],
    limit: usize,
    features: &Features,
) -> Result<(), Failure> {
    let quote = quote_for(string);
    text.push(quote);
    let string = PyStr::from_bytes(string).expect("made of strings and ASCII");
    for code_point in string.code_points() {
        match char::from_u32(code_point) {
            Some(character)
                if features.is_printable(code_point)
                    && character != char::from(quote)
                    && character != '\\' =>
            {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => escape(text, code_point),
        }
        if text.len() > limit {
            return Err(Limit::AnnotationText.into());
        }
    }
    text.push(quote);
    Ok(())
}

fn escape(text: &mut Vec<u8>, code_point: u32) {
    let escaped = match code_point {
        0x09 => "\\t".to_owned(),
        0x0A => "\\n".to_owned(),
        0x0D => "\\r".to_owned(),
        0x22 => "\\\"".to_owned(),
        0x27 => "\\'".to_owned(),
        0x5C => "\\\\".to_owned(),
        0..0x100 => format!("\\x{code_point:02x}"),
        0x100..0x1_0000 => format!("\\u{code_point:04x}"),
        _ => format!("\\U{code_point:08x}"),
    };
    text.extend_from_slice(escaped.as_bytes());
}
