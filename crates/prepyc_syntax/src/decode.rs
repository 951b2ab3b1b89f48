//! Source bytes to text: byte order mark, coding cookie (PEP 263), line ends.
//!
//! Mirrors what CPython's tokenizer does with a string of bytes (`decode_str`, `check_coding_spec`, `translate_newlines`).
//! Clean UTF-8 with LF line ends, which is nearly every file, is borrowed as it stands.

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::{memchr, memchr2};
use prepyc_version::Mistakes;

use crate::error::{ErrorKind, ErrorPlace, SyntaxError};

/// What CPython says of the place where a codec fails.
const NOWHERE: ErrorPlace = ErrorPlace { lineno: 0, offset: -1, end_lineno: 0, end_offset: 0 };

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Sources from this size on are rejected: offsets are 32 bits wide.
const MAX_SIZE: usize = u32::MAX as usize - 1;

/// The source as text with LF line ends, without a byte order mark.
pub(crate) fn decode<'s>(source: &'s [u8], mistakes: &Mistakes) -> Result<Cow<'s, str>, SyntaxError> {
    let bad_utf8 = if mistakes.undecodable_by_line { bad_utf8_in_line } else { bad_utf8_in_name };
    decode_or(source, bad_utf8)
}

/// What is said of a source that is UTF-8 up to some byte only.
type BadUtf8 = fn(&[u8], usize) -> SyntaxError;

fn decode_or(source: &[u8], bad_utf8: BadUtf8) -> Result<Cow<'_, str>, SyntaxError> {
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
    let text = match cookie(rest) {
        None => decode_utf8(rest, bad_utf8)?,
        Some(name) => decode_named(rest, &name, bom, bad_utf8)?,
    };
    Ok(if unusual.is_some() && memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(unify_newlines(&text))
    } else {
        text
    })
}

/// The line of that number, from 1, without its end; none if there is none. Bytes that cannot be decoded are replaced.
///
/// Decodes the whole source: made for messages.
pub fn source_line(source: &[u8], lineno: u32) -> Option<String> {
    let text = decode_or(source, bad_utf8_in_line).unwrap_or_else(|_| {
        let rest = source.strip_prefix(BOM).unwrap_or(source);
        Cow::Owned(unify_newlines(&String::from_utf8_lossy(rest)))
    });
    let index = usize::try_from(lineno).ok()?.checked_sub(1)?;
    text.split('\n').nth(index).map(str::to_owned)
}

/// Whether the source says its encoding, by a cookie or a byte order mark.
pub(crate) fn says_encoding(source: &[u8]) -> bool {
    source.starts_with(BOM) || cookie(source).is_some()
}

/// The coding that the first or second line declares, as written.
fn cookie(source: &[u8]) -> Option<String> {
    let mut rest = source;
    for _ in 0..2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = &rest[..end];
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\x0C'));
        let Some(start) = start else {
            rest = rest[end..].strip_prefix(b"\r\n").or_else(|| rest.get(end + 1..)).unwrap_or_default();
            continue;
        };
        if line[start] != b'#' {
            return None;
        }
        if let Some(name) = cookie_in_comment(&line[start..]) {
            return Some(name);
        }
        rest = rest[end..].strip_prefix(b"\r\n").or_else(|| rest.get(end + 1..)).unwrap_or_default();
    }
    None
}

/// `coding[:=]\s*([-\w.]+)` in a comment.
fn cookie_in_comment(comment: &[u8]) -> Option<String> {
    for at in memchr::memmem::find_iter(comment, b"coding") {
        let after = &comment[at + 6..];
        if !matches!(after.first(), Some(b':' | b'=')) {
            continue;
        }
        let after = &after[1..];
        let start = after.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(after.len());
        let name: Vec<u8> = after[start..]
            .iter()
            .copied()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

fn decode_utf8(source: &[u8], bad_utf8: BadUtf8) -> Result<Cow<'_, str>, SyntaxError> {
    match simdutf8::compat::from_utf8(source) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => Err(bad_utf8(source, error.valid_up_to())),
    }
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

/// To 3.13: what the `utf-8` codec says of the name in which the first bytes stand that are none.
fn bad_utf8_in_name(source: &[u8], at: usize) -> SyntaxError {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let start = at - source[..at].iter().rev().take_while(|byte| is_part(byte)).count();
    let end = at + source[at..].iter().take_while(|byte| is_part(byte)).count();
    let (name, position) = (&source[start..end], at - start);
    let length = std::str::from_utf8(name).err().and_then(|error| error.error_len());
    let (byte, last) = (name[position], name.len() - 1);
    let reason = match length {
        None => "unexpected end of data",
        Some(_) if matches!(byte, 0x80..=0xC1 | 0xF5..) => "invalid start byte",
        Some(_) => "invalid continuation byte",
    };
    let message = match position + length.unwrap_or(name.len() - position) - 1 {
        end if end == position => {
            format!(
                "(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}"
            )
        }
        end => format!(
            "(unicode error) 'utf-8' codec can't decode bytes in position {position}-{}: {reason}",
            end.min(last)
        ),
    };
    let (lineno, offset) = place_of(source, at);
    let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 };
    SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
}

/// The line of a byte before which all is UTF-8, and its character in the line, from 1.
fn place_of(source: &[u8], at: usize) -> (u32, i32) {
    let before = unify_newlines(&String::from_utf8_lossy(&source[..at]));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lineno = before.matches('\n').count() as u32 + 1;
    (lineno, line.chars().count() as i32 + 1)
}

/// The source in the encoding that it declares.
fn decode_named<'s>(
    source: &'s [u8],
    name: &str,
    bom: bool,
    bad_utf8: BadUtf8,
) -> Result<Cow<'s, str>, SyntaxError> {
    let normal = normal_name(name);
    if bom && normal != "utf-8" {
        let place = ErrorPlace { lineno: 1, offset: 0, end_lineno: 0, end_offset: 0 };
        let message = format!("encoding problem: {name} with BOM");
        return Err(SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) });
    }
    match normal.as_str() {
        "utf-8" | "utf8" | "u8" | "utf" | "cp65001" => decode_utf8(source, bad_utf8),
        "iso-8859-1" | "latin1" | "l1" | "cp819" | "8859" | "iso8859" | "iso8859-1" | "latin" => {
            Ok(Cow::Owned(source.iter().copied().map(char::from).collect()))
        }
        "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" => {
            match source.iter().position(|byte| !byte.is_ascii()) {
                None => decode_utf8(source, bad_utf8),
                Some(at) => Err(undecodable("ascii", source[at], at, "ordinal not in range(128)")),
            }
        }
        _ => decode_by_table(source, &normal, name),
    }
}

fn decode_by_table<'s>(source: &'s [u8], normal: &str, name: &str) -> Result<Cow<'s, str>, SyntaxError> {
    let Some(encoding) = known_encoding(normal) else {
        let message = format!("unknown encoding: {name}");
        return Err(SyntaxError { kind: ErrorKind::Syntax, message, place: Some(NOWHERE) });
    };
    encoding.decode_without_bom_handling_and_without_replacement(source).ok_or_else(|| {
        let message = format!("(unicode error) '{name}' codec can't decode the source");
        SyntaxError::unplaced(ErrorKind::Syntax, message)
    })
}

fn undecodable(codec: &str, byte: u8, at: usize, reason: &str) -> SyntaxError {
    let message = format!("'{codec}' codec can't decode byte 0x{byte:02x} in position {at}: {reason}");
    SyntaxError { kind: ErrorKind::Syntax, message, place: Some(NOWHERE) }
}

/// A codec's name as CPython compares it: lower case, with `-` for `_`, and the usual suffixes of an editor dropped.
fn normal_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    for canonical in ["utf-8", "latin-1", "iso-8859-1", "iso-latin-1"] {
        if lower == canonical || lower.strip_prefix(canonical).is_some_and(|rest| rest.starts_with('-')) {
            return if canonical == "utf-8" { "utf-8".to_owned() } else { "iso-8859-1".to_owned() };
        }
    }
    lower
}

/// Python's codecs that `encoding_rs` has under a name of its own or the same one.
fn known_encoding(name: &str) -> Option<&'static Encoding> {
    let label = match name {
        "iso-8859-15" | "iso8859-15" | "latin9" | "l9" => "iso-8859-15",
        "iso8859-2" | "latin2" | "l2" => "iso-8859-2",
        "iso8859-5" | "cyrillic" => "iso-8859-5",
        "iso8859-7" | "greek" => "iso-8859-7",
        "cp1250" => "windows-1250",
        "cp1251" => "windows-1251",
        "cp1252" => "windows-1252",
        "cp1253" => "windows-1253",
        "cp1254" => "windows-1254",
        "cp1255" => "windows-1255",
        "cp1256" => "windows-1256",
        "cp1257" => "windows-1257",
        "cp1258" => "windows-1258",
        "cp866" | "ibm866" | "866" => "ibm866",
        "koi8-r" => "koi8-r",
        "koi8-u" => "koi8-u",
        "euc-jp" | "eucjp" | "ujis" | "u-jis" => "euc-jp",
        "shift-jis" | "sjis" | "s-jis" | "shiftjis" | "csshiftjis" => "shift_jis",
        "euc-kr" | "euckr" | "ksc5601" => "euc-kr",
        "gbk" | "cp936" | "936" | "ms936" => "gbk",
        "gb2312" | "euc-cn" | "euccn" | "gb18030" | "gb18030-2000" => "gb18030",
        "big5" | "big5-tw" | "csbig5" => "big5",
        "mac-roman" | "macintosh" | "macroman" => "macintosh",
        other if other.starts_with("iso-8859-") => other,
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
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
    use super::*;

    fn decode(source: &[u8]) -> Result<Cow<'_, str>, SyntaxError> {
        decode_or(source, bad_utf8_in_line)
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
