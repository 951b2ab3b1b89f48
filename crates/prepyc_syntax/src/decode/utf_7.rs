//! UTF-7 (RFC 2152), as CPython reads it: base64 of UTF-16 between `+` and the first character that is none of it.
//!
//! CPython: `PyUnicode_DecodeUTF7Stateful` (`Objects/unicodeobject.c`).

use super::codec_error;
use crate::error::SyntaxError;

pub(super) fn decode(source: &[u8]) -> Result<String, SyntaxError> {
    let (mut text, mut rest, mut at) = (String::with_capacity(source.len()), source, 0);
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'+' {
            if !byte.is_ascii() {
                return Err(error(byte, at, "unexpected special character"));
            }
            text.push(char::from(byte));
            (rest, at) = (after, at + 1);
            continue;
        }
        let length = after.iter().take_while(|&&byte| sextet(byte).is_some()).count();
        let (encoded, behind) = after.split_at(length);
        let ends_in_minus = behind.first() == Some(&b'-');
        match (length, behind.first()) {
            (0, Some(b'-')) => text.push('+'),
            (0, _) => return Err(error(byte, at, "ill-formed sequence")),
            _ => text.push_str(&shifted(encoded).ok_or_else(|| error(byte, at, "ill-formed sequence"))?),
        }
        let used = length + usize::from(ends_in_minus);
        (rest, at) = (&after[used..], at + 1 + used);
    }
    Ok(text)
}

/// The text of a run of base64; none if it is no UTF-16, or bits other than zeros are left.
fn shifted(encoded: &[u8]) -> Option<String> {
    let (mut units, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for &byte in encoded {
        held = held << 6 | sextet(byte)?;
        bits += 6;
        if bits >= 16 {
            bits -= 16;
            units.push((held >> bits) as u16);
            held &= (1 << bits) - 1;
        }
    }
    let is_whole = bits < 6 && held == 0;
    is_whole.then(|| String::from_utf16(&units).ok()).flatten()
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn error(byte: u8, at: usize, reason: &str) -> SyntaxError {
    codec_error(format!("'utf7' codec can't decode byte 0x{byte:02x} in position {at}: {reason}"))
}
