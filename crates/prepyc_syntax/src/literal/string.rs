//! The values of string literals: escapes to characters, into a buffer of WTF-8.
//!
//! Mirrors CPython's `Parser/string_parser.c` and, for what its codecs say of broken escapes,
//! `Objects/unicodeobject.c` (`_PyUnicode_DecodeUnicodeEscapeInternal`) and `Objects/bytesobject.c`.

use prepyc_version::Grammar;

use crate::unicode;

/// A literal's parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'s> {
    pub(crate) prefix: &'s str,
    pub(crate) body: &'s str,
    /// Bytes before the body.
    pub(crate) body_offset: usize,
}

/// Takes a string token apart.
pub(crate) fn split(text: &str) -> Parts<'_> {
    let bytes = text.as_bytes();
    let prefix = bytes.iter().position(|byte| matches!(byte, b'"' | b'\'')).unwrap_or(0);
    let quote = bytes[prefix];
    let triple = bytes.len() >= prefix + 6 && bytes[prefix + 1] == quote && bytes[prefix + 2] == quote;
    let quotes = if triple { 3 } else { 1 };
    let body = &text[prefix + quotes..text.len() - quotes];
    Parts { prefix: &text[..prefix], body, body_offset: prefix + quotes }
}

impl Parts<'_> {
    pub(crate) fn is_raw(&self) -> bool {
        self.prefix.bytes().any(|byte| byte | 0x20 == b'r')
    }

    pub(crate) fn is_bytes(&self) -> bool {
        self.prefix.bytes().any(|byte| byte | 0x20 == b'b')
    }

    pub(crate) fn is_formatted(&self) -> bool {
        self.prefix.bytes().any(|byte| byte | 0x20 == b'f')
    }
}

/// An escape sequence that CPython warns of, or rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadEscape {
    /// `\d`: the backslash stays. The offset of the backslash, and the character.
    Unknown { at: usize, character: char },
    /// `\400` and more, which no byte holds.
    LargeOctal { at: usize },
}

/// Appends the string that the body stands for.
///
/// # Errors
/// What CPython says of a broken escape, behind `(unicode error) `.
pub(crate) fn decode_str(
    body: &str,
    grammar: &Grammar,
    out: &mut Vec<u8>,
    bad: &mut Option<BadEscape>,
) -> Result<(), String> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        out.extend_from_slice(&bytes[at..at + found]);
        at += found;
        at = escape(body, grammar, at, out, bad)?;
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(())
}

/// Appends what the escape sequence at that backslash stands for; where it ends.
fn escape(
    body: &str,
    grammar: &Grammar,
    at: usize,
    out: &mut Vec<u8>,
    bad: &mut Option<BadEscape>,
) -> Result<usize, String> {
    let bytes = body.as_bytes();
    let Some(&letter) = bytes.get(at + 1) else {
        // Text of an f-string may end before a brace that is behind a backslash.
        out.push(b'\\');
        return Ok(at + 1);
    };
    if !letter.is_ascii() {
        // CPython's way to the codec takes such a backslash for one that is doubled, hence no warning.
        out.push(b'\\');
        return Ok(at + 1);
    }
    if let Some(byte) = simple_escape(letter) {
        out.push(byte);
        return Ok(at + 2);
    }
    match letter {
        b'\n' => Ok(at + 2),
        b'0'..=b'7' => {
            let (value, end) = octal(bytes, at + 1);
            if value > 0o377 {
                bad.get_or_insert(BadEscape::LargeOctal { at });
            }
            unicode::push_code_point(out, value);
            Ok(end)
        }
        b'x' => hexadecimal(body, at, 2, "truncated \\xXX escape", out),
        b'u' => hexadecimal(body, at, 4, "truncated \\uXXXX escape", out),
        b'U' => hexadecimal(body, at, 8, "truncated \\UXXXXXXXX escape", out),
        b'N' => named(body, grammar, at, out),
        _ => {
            let character = body[at + 1..].chars().next().unwrap_or('\\');
            bad.get_or_insert(BadEscape::Unknown { at, character });
            out.push(b'\\');
            Ok(at + 1)
        }
    }
}

/// The character of a backslash and that letter, where that is all there is to it.
fn simple_escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'\\' | b'\'' | b'"' => letter,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 0x08,
        b'f' => 0x0C,
        b'a' => 0x07,
        b'v' => 0x0B,
        _ => return None,
    })
}

/// Up to three octal digits.
fn octal(bytes: &[u8], at: usize) -> (u32, usize) {
    let digits = bytes[at..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
    let (mut value, mut end) = (0, at);
    for digit in digits {
        value = value * 8 + u32::from(digit - b'0');
        end += 1;
    }
    (value, end)
}

fn hexadecimal(
    body: &str,
    at: usize,
    count: usize,
    complaint: &str,
    out: &mut Vec<u8>,
) -> Result<usize, String> {
    let digits =
        body.as_bytes()[at + 2..].iter().take(count).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end = at + 2 + digits;
    if digits < count {
        return Err(codec_error(body, at, end, complaint));
    }
    let value = u32::from_str_radix(&body[at + 2..end], 16).unwrap_or(u32::MAX);
    if value > 0x10_FFFF {
        return Err(codec_error(body, at, end, "illegal Unicode character"));
    }
    unicode::push_code_point(out, value);
    Ok(end)
}

fn named(body: &str, grammar: &Grammar, at: usize, out: &mut Vec<u8>) -> Result<usize, String> {
    let malformed = "malformed \\N character escape";
    let rest = &body[at + 2..];
    let Some(inner) = rest.strip_prefix('{') else {
        return Err(codec_error(body, at, at + 2, malformed));
    };
    let length = inner.find('}').unwrap_or(inner.len());
    let end = at + 3 + length;
    if length == 0 || length == inner.len() {
        // CPython steps over a brace that closes nothing.
        let end = if length == 0 && !inner.is_empty() { end + 1 } else { end };
        return Err(codec_error(body, at, end, malformed));
    }
    match unicode::character_named(&inner[..length], grammar) {
        Some(character) => {
            unicode::push_code_point(out, u32::from(character));
            Ok(end + 1)
        }
        None => Err(codec_error(body, at, end + 1, "unknown Unicode character name")),
    }
}

/// What the `unicodeescape` codec says. CPython hands it the body with characters beyond ASCII as `\UXXXXXXXX`, so each
/// of them counts for ten.
fn codec_error(body: &str, start: usize, end: usize, reason: &str) -> String {
    let position = |offset: usize| {
        body[..offset].chars().map(|character| if character.is_ascii() { 1 } else { 10 }).sum::<usize>()
    };
    let (start, end) = (position(start), position(end));
    if end - start == 1 {
        format!("'unicodeescape' codec can't decode byte 0x5c in position {start}: {reason}")
    } else {
        format!("'unicodeescape' codec can't decode bytes in position {start}-{}: {reason}", end - 1)
    }
}

/// Appends the bytes that the body stands for.
///
/// # Errors
/// What CPython says of a broken escape, behind `(value error) `.
pub(crate) fn decode_bytes(body: &str, out: &mut Vec<u8>, bad: &mut Option<BadEscape>) -> Result<(), String> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        out.extend_from_slice(&bytes[at..at + found]);
        at += found;
        let Some(&letter) = bytes.get(at + 1) else {
            return Err("Trailing \\ in string".to_owned());
        };
        if let Some(byte) = simple_escape(letter) {
            out.push(byte);
            at += 2;
            continue;
        }
        match letter {
            b'\n' => at += 2,
            b'0'..=b'7' => {
                let (value, end) = octal(bytes, at + 1);
                if value > 0o377 {
                    bad.get_or_insert(BadEscape::LargeOctal { at });
                }
                out.push(value as u8);
                at = end;
            }
            b'x' => {
                let value = bytes.get(at + 2..at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
                let value = value.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let Some(value) = value.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                    return Err(format!("invalid \\x escape at position {at}"));
                };
                out.push(value);
                at += 4;
            }
            _ => {
                bad.get_or_insert(BadEscape::Unknown { at, character: char::from(letter) });
                out.push(b'\\');
                at += 1;
            }
        }
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::*;

    fn check(body: &str, expected: &[u8]) {
        let mut out = Vec::new();
        assert_eq!(decode_str(body, PyVersion::Py314.grammar(), &mut out, &mut None), Ok(()), "{body}");
        assert_eq!(out, expected, "{body}");
    }

    #[test]
    fn escapes_become_characters() {
        check("a\\n\\t\\\\\\'\\x41\\101\\0", b"a\n\t\\'AA\0");
        check("\\u20ac\\U0001F600", "\u{20ac}\u{1F600}".as_bytes());
        check("\\ud800x", b"\xED\xA0\x80x");
        check("\\N{BULLET}\\N{latin small letter a}", "\u{2022}a".as_bytes());
        check("\\d\\\nx", b"\\dx");
    }

    #[test]
    fn broken_escapes_are_cpythons_complaints() {
        for (body, expected) in [
            ("\\x4", "'unicodeescape' codec can't decode bytes in position 0-2: truncated \\xXX escape"),
            (
                "\u{e9}\\x",
                "'unicodeescape' codec can't decode bytes in position 10-11: truncated \\xXX escape",
            ),
            (
                "\\U00110000",
                "'unicodeescape' codec can't decode bytes in position 0-9: illegal Unicode character",
            ),
            (
                "\\N{no such}",
                "'unicodeescape' codec can't decode bytes in position 0-10: unknown Unicode character name",
            ),
        ] {
            assert_eq!(
                decode_str(body, PyVersion::Py314.grammar(), &mut Vec::new(), &mut None),
                Err(expected.to_owned())
            );
        }
        assert_eq!(
            decode_bytes("a\\xg", &mut Vec::new(), &mut None),
            Err("invalid \\x escape at position 1".to_owned())
        );
    }
}
