//! Source bytes to text: byte order mark, coding cookie (PEP 263), line ends.
//!
//! Mirrors what CPython's tokenizer does with a string of bytes (`decode_str`, `check_coding_spec`, `translate_newlines`).
//! Clean UTF-8 with LF line ends, which is nearly every file, is borrowed as it stands.

mod codec;
mod several_bytes;
mod undecodable;
mod utf_7;

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use prepyc_version::Mistakes;

use crate::error::{ErrorKind, ErrorPlace, SyntaxError};
use undecodable::Patched;

/// What CPython says of the place where a codec fails.
const NOWHERE: ErrorPlace = ErrorPlace { lineno: 0, offset: -1, end_lineno: 0, end_offset: 0 };

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Sources from this size on are rejected: offsets are 32 bits wide.
const MAX_SIZE: usize = u32::MAX as usize - 1;

/// What decoding gives.
pub(crate) enum Decoded<'s> {
    /// The source with LF line ends, without a byte order mark.
    Text(Cow<'s, str>),
    /// It is no UTF-8, which may turn out not to matter.
    Patched(Patched),
}

pub(crate) fn decode<'s>(source: &'s [u8], mistakes: &Mistakes) -> Result<Decoded<'s>, SyntaxError> {
    if source.len() > MAX_SIZE {
        return Err(SyntaxError::unplaced(ErrorKind::Memory, "the source is larger than 4 GiB"));
    }
    let unusual = memchr2(0, b'\r', source);
    if unusual.is_some_and(|at| memchr(0, &source[at..]).is_some()) {
        return Err(SyntaxError::unplaced(ErrorKind::Syntax, "source code string cannot contain null bytes"));
    }
    let (rest, bom) = match source.strip_prefix(BOM) {
        Some(rest) => (rest, true),
        None => (source, false),
    };
    let cookie = cookie(rest);
    if let Some(cookie) = &cookie
        && bom
        && cookie.name != UTF_8
    {
        return Err(cookie.contradiction(mistakes));
    }
    let text = match cookie {
        Some(cookie) if cookie.name != UTF_8 => codec::decode(rest, &cookie.name)?,
        _ => match simdutf8::compat::from_utf8(rest) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) if mistakes.undecodable_by_line => {
                return Err(bad_utf8_in_line(rest, error.valid_up_to()));
            }
            Err(_) => return Ok(Decoded::Patched(Patched::new(rest))),
        },
    };
    Ok(Decoded::Text(if unusual.is_some() && memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(unify_newlines(&text))
    } else {
        text
    }))
}

/// The line of that number, from 1, without its end; none if there is none. Bytes that cannot be decoded are replaced.
///
/// Decodes the whole source: made for messages.
pub fn source_line(source: &[u8], lineno: u32) -> Option<String> {
    let rest = source.strip_prefix(BOM).unwrap_or(source);
    let named = cookie(rest).filter(|cookie| cookie.name != UTF_8);
    let decoded = named.and_then(|cookie| codec::decode(rest, &cookie.name).ok());
    let text = unify_newlines(&decoded.unwrap_or_else(|| String::from_utf8_lossy(rest)));
    let index = usize::try_from(lineno).ok()?.checked_sub(1)?;
    text.split('\n').nth(index).map(str::to_owned)
}

/// Whether the source says its encoding, by a cookie or a byte order mark.
pub(crate) fn says_encoding(source: &[u8]) -> bool {
    source.starts_with(BOM) || cookie(source).is_some()
}

/// The coding that the first or second line declares.
fn cookie(source: &[u8]) -> Option<Cookie> {
    let mut rest = source;
    for lineno in 1..=2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..end];
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0C'));
        if let Some(start) = start {
            if line[start] != b'#' {
                return None;
            }
            if let Some(name) = cookie_in_comment(&line[start..]) {
                let columns = String::from_utf8_lossy(line).chars().count();
                return Some(Cookie { name: normal_name(name), lineno, columns });
            }
        }
        rest = rest[end..].strip_prefix(b"\r\n").or_else(|| rest.get(end + 1..)).unwrap_or_default();
    }
    None
}

/// A coding cookie.
struct Cookie {
    /// As written, or as CPython spells it.
    name: String,
    lineno: u32,
    /// Characters of its line.
    columns: usize,
}

impl Cookie {
    /// What is said to a cookie other than UTF-8 behind a byte order mark.
    ///
    /// CPython: `_PyTokenizer_check_coding_spec` (`Parser/tokenizer/helpers.c`).
    fn contradiction(&self, mistakes: &Mistakes) -> SyntaxError {
        let place = match mistakes.contradiction_by_line {
            false => NOWHERE,
            true => {
                let (lineno, end_offset) = (self.lineno, self.columns as i32 + i32::from(self.lineno == 2));
                ErrorPlace { lineno, offset: 0, end_lineno: lineno as i32, end_offset }
            }
        };
        let message = format!("encoding problem: {} with BOM", self.name);
        SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
    }
}

/// `coding[:=]\s*([-\w.]+)` in a comment.
fn cookie_in_comment(comment: &[u8]) -> Option<&str> {
    for at in memchr::memmem::find_iter(comment, b"coding") {
        let after = &comment[at + 6..];
        if !matches!(after.first(), Some(b':' | b'=')) {
            continue;
        }
        let after = &after[1..];
        let start = after.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(after.len());
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = after[start..].iter().take_while(|&byte| is_part(byte)).count();
        if length > 0 {
            return std::str::from_utf8(&after[start..start + length]).ok();
        }
    }
    None
}

/// From 3.14 on.
fn bad_utf8_in_line(source: &[u8], at: usize) -> SyntaxError {
    let (lineno, offset) = place_of(source, at);
    let message = format!(
        "Non-UTF-8 code starting with '\\x{:02x}' on line {lineno}, but no encoding declared; \
         see https://peps.python.org/pep-0263/ for details",
        source[at]
    );
    let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: offset };
    SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
}

/// The line of a byte before which all is UTF-8, and its character in the line, from 1.
fn place_of(source: &[u8], at: usize) -> (u32, i32) {
    let before = unify_newlines(&String::from_utf8_lossy(&source[..at]));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lineno = before.matches('\n').count() as u32 + 1;
    (lineno, line.chars().count() as i32 + 1)
}

/// What a codec says of a source that it cannot read.
fn codec_error(message: String) -> SyntaxError {
    SyntaxError { kind: ErrorKind::Syntax, message, place: Some(NOWHERE) }
}

/// The normal name of the encoding that the tokenizer itself reads.
const UTF_8: &str = "utf-8";

/// CPython: `get_normal_name` (`Parser/tokenizer/helpers.c`): of two encodings, however they are written.
fn normal_name(name: &str) -> String {
    let start: String =
        name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    let is = |canonical| {
        start.strip_prefix(canonical).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('-'))
    };
    if is(UTF_8) {
        UTF_8.to_owned()
    } else if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        "iso-8859-1".to_owned()
    } else {
        name.to_owned()
    }
}

/// CR LF and lone CR become LF.
fn unify_newlines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::*;

    fn decode(source: &[u8]) -> Result<Cow<'_, str>, SyntaxError> {
        match super::decode(source, &PyVersion::Py314.grammar().mistakes)? {
            Decoded::Text(text) => Ok(text),
            Decoded::Patched(_) => unreachable!("of earlier versions only"),
        }
    }

    #[test]
    fn clean_sources_are_borrowed() {
        assert!(matches!(decode(b"a = 1\n"), Ok(Cow::Borrowed("a = 1\n"))));
        assert!(matches!(decode(b"# coding: utf-8\na = 1\n"), Ok(Cow::Borrowed(_))));
        assert!(matches!(decode(b"\xEF\xBB\xBFa"), Ok(Cow::Borrowed("a"))));
    }

    #[test]
    fn line_ends_become_lf() {
        assert_eq!(decode(b"a\r\nb\rc\n\r").unwrap(), "a\nb\nc\n\n");
    }

    #[test]
    fn cookies_are_obeyed() {
        assert_eq!(
            decode(b"#!/bin/sh\n# -*- coding: latin-1 -*-\n\xE9").unwrap().chars().last(),
            Some('\u{e9}')
        );
        assert_eq!(
            decode(b"# vim: set fileencoding=cp1252 :\n\x80").unwrap().chars().last(),
            Some('\u{20ac}')
        );
        assert!(decode(b"x = 1\n# coding: latin-1\n\xE9").is_err());
        assert!(decode(b"# coding: no-such\n").is_err());
        assert!(decode(b"a\0b").is_err());
    }
}
