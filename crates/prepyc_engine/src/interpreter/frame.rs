//! The bytes that go to and come from `driver.py`. All numbers are little-endian.
//!
//! ```text
//! request   sequence u32, optimize u8, filename length u32, source length u32, filename, source
//! response  sequence u32, kind u8, body length u32, body
//! body      fields: length u32 and bytes, or the length 0xFFFFFFFF for None
//! ```
//!
//! The first response comes after [`HELLO_MARK`], so that whatever a wrapper printed before can be skipped.
//! Text is UTF-8, numbers inside a body are decimal text. A body's fields by kind:
//!
//! * hello: implementation, major, minor, micro, release level, serial, magic number, cache tag or None;
//! * compiled: marshal bytes, then the warnings;
//! * rejected: exception, message, line, column, end line, end column, source line, text as printed, then the warnings;
//! * each warning: category, message, file name, line.

use std::path::Path;

use crate::{CompileRequest, Diagnostic, InterpreterVersion, Severity, Target, TargetError};

/// What stands before the first response.
pub(super) const HELLO_MARK: &[u8] = b"\0prepyc driver 1\n";

/// Bytes of a response's head.
pub(super) const RESPONSE_HEAD: usize = 9;

const NONE: u32 = u32::MAX;

/// What a response is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Who answers.
    Hello,
    /// Marshal bytes.
    Compiled,
    /// An exception.
    Rejected,
}

/// A response's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The request's number, counted by process from 1; 0 is the hello.
    pub(super) sequence: u32,
    /// What follows.
    pub(super) kind: Kind,
    /// How much of it, in bytes.
    pub(super) body_bytes: usize,
}

/// What the interpreter sent is not what the driver sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Garbage;

/// The fields of a body, one after the other.
struct Fields<'a>(&'a [u8]);

impl Head {
    /// Reads a head.
    pub(super) fn decode(bytes: [u8; RESPONSE_HEAD]) -> Result<Head, Garbage> {
        let [a, b, c, d, kind, e, f, g, h] = bytes;
        let kind = match kind {
            0 => Kind::Hello,
            1 => Kind::Compiled,
            2 => Kind::Rejected,
            _ => return Err(Garbage),
        };
        let body_bytes = u32::from_le_bytes([e, f, g, h]) as usize;
        Ok(Head { sequence: u32::from_le_bytes([a, b, c, d]), kind, body_bytes })
    }
}

/// A request's head and file name; the source itself follows. `None` if it is too large for the head's numbers.
pub(super) fn encode_request(sequence: u32, request: &CompileRequest) -> Option<Vec<u8>> {
    let filename = request.filename.as_bytes();
    let mut bytes = Vec::with_capacity(13 + filename.len());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.push(request.optimize.level());
    bytes.extend_from_slice(&u32::try_from(filename.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(request.source.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(filename);
    Some(bytes)
}

/// Reads a hello; the outer error is a body that no driver sends.
pub(super) fn decode_hello(body: &[u8], executable: &Path) -> Result<Result<Target, TargetError>, Garbage> {
    let mut fields = Fields(body);
    let interpreter = InterpreterVersion {
        executable: executable.to_owned(),
        implementation: fields.text()?,
        major: fields.version()?,
        minor: fields.version()?,
        micro: fields.version()?,
        release_level: fields.text()?,
        serial: fields.version()?,
    };
    let magic = fields.bytes()?.ok_or(Garbage)?;
    let cache_tag = fields.optional_text()?;
    if !fields.0.is_empty() {
        return Err(Garbage);
    }
    Ok(Target::from_interpreter(interpreter, magic, cache_tag))
}

/// Reads marshal bytes and warnings.
pub(super) fn decode_compiled<'a>(
    body: &'a [u8],
    request: &CompileRequest,
) -> Result<(&'a [u8], Vec<Diagnostic>), Garbage> {
    let mut fields = Fields(body);
    let code = fields.bytes()?.ok_or(Garbage)?;
    Ok((code, fields.warnings(request)?))
}

/// Reads an exception and warnings.
pub(super) fn decode_rejected(
    body: &[u8],
    request: &CompileRequest,
) -> Result<(Diagnostic, Vec<Diagnostic>), Garbage> {
    let mut fields = Fields(body);
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        kind: fields.text()?,
        message: fields.text()?,
        filename: request.filename.shown(),
        line: fields.position()?,
        column: fields.position()?,
        end_line: fields.position()?,
        end_column: fields.position()?,
        source_line: fields.optional_text()?.map(|line| line.trim_end_matches(['\n', '\r']).to_owned()),
        rendered: fields.optional_text()?.map(|text| text.trim_end_matches('\n').to_owned()),
    };
    Ok((diagnostic, fields.warnings(request)?))
}

impl<'a> Fields<'a> {
    fn bytes(&mut self) -> Result<Option<&'a [u8]>, Garbage> {
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or(Garbage)?;
        let length = u32::from_le_bytes(*length);
        if length == NONE {
            self.0 = rest;
            return Ok(None);
        }
        let (field, rest) = rest.split_at_checked(length as usize).ok_or(Garbage)?;
        self.0 = rest;
        Ok(Some(field))
    }

    fn optional_text(&mut self) -> Result<Option<String>, Garbage> {
        let Some(bytes) = self.bytes()? else {
            return Ok(None);
        };
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| Garbage)
    }

    fn text(&mut self) -> Result<String, Garbage> {
        self.optional_text()?.ok_or(Garbage)
    }

    fn number(&mut self) -> Result<Option<i64>, Garbage> {
        self.optional_text()?.map(|text| text.parse().map_err(|_| Garbage)).transpose()
    }

    fn version(&mut self) -> Result<u32, Garbage> {
        self.number()?.and_then(|number| number.try_into().ok()).ok_or(Garbage)
    }

    /// A line or column. CPython says 0 or -1 where it knows none.
    fn position(&mut self) -> Result<Option<u32>, Garbage> {
        Ok(self.number()?.and_then(|number| number.try_into().ok()).filter(|&number| number > 0))
    }

    fn warnings(&mut self, request: &CompileRequest) -> Result<Vec<Diagnostic>, Garbage> {
        let mut warnings = Vec::new();
        while !self.0.is_empty() {
            let (kind, message) = (self.text()?, self.text()?);
            // What the interpreter calls the file is what it was told.
            self.text()?;
            let line = self.position()?;
            warnings.push(Diagnostic {
                severity: Severity::Warning,
                kind,
                message,
                filename: request.filename.shown(),
                line,
                column: None,
                end_line: None,
                end_column: None,
                source_line: line.and_then(|line| source_line(&request.source, line)),
                rendered: None,
            });
        }
        Ok(warnings)
    }
}

/// A line of a source, counted from 1 as CPython counts, without its end; None if it is not there or no UTF-8.
fn source_line(source: &[u8], line: u32) -> Option<String> {
    let mut rest = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    for _ in 1..line {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        let length = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
    }
    let line = rest.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    std::str::from_utf8(line).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filename, Optimize};

    fn body(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in fields {
            let length = field.map_or(NONE, |field| field.len() as u32);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(field.unwrap_or_default());
        }
        bytes
    }

    fn request() -> CompileRequest {
        CompileRequest {
            source: b"x = 1".as_slice().into(),
            filename: Filename::from_bytes("m.py"),
            optimize: Optimize::Docstrings,
        }
    }

    #[test]
    fn a_request_is_laid_out_as_told_above() {
        let bytes = encode_request(7, &request()).unwrap();
        assert_eq!(bytes, b"\x07\0\0\0\x02\x04\0\0\0\x05\0\0\0m.py");
    }

    #[test]
    fn heads_are_read_and_unknown_kinds_refused() {
        let head = Head::decode(*b"\x07\0\0\0\x01\x03\0\0\0").unwrap();
        assert_eq!(head, Head { sequence: 7, kind: Kind::Compiled, body_bytes: 3 });
        assert_eq!(Head::decode(*b"\x07\0\0\0\x03\x03\0\0\0"), Err(Garbage));
    }

    #[test]
    fn code_and_warnings_are_read() {
        let fields = [Some(&b"code"[..]), Some(b"SyntaxWarning"), Some(b"odd"), Some(b"m.py"), Some(b"3")];
        let bytes = body(&fields);
        let (code, warnings) = decode_compiled(&bytes, &request()).unwrap();
        assert_eq!(code, b"code");
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].to_string(), "m.py:3: SyntaxWarning: odd");
    }

    #[test]
    fn lines_and_columns_that_cpython_does_not_know_are_none() {
        let fields = [
            Some(&b"SyntaxError"[..]),
            Some(b"no"),
            Some(b"0"),
            Some(b"-1"),
            None,
            None,
            Some(b"x\r\n"),
            None,
        ];
        let (diagnostic, _) = decode_rejected(&body(&fields), &request()).unwrap();
        assert_eq!((diagnostic.line, diagnostic.column, diagnostic.end_line), (None, None, None));
        assert_eq!(diagnostic.source_line.as_deref(), Some("x"));
    }

    #[test]
    fn lines_end_as_cpython_has_them_end() {
        let source = b"\xef\xbb\xbfone\r\ntwo\rthree\x0c\n\nfive\xff\nsix";
        let expected = [Some("one"), Some("two"), Some("three\x0c"), Some(""), None, Some("six"), None];
        for (line, expected) in (1..).zip(expected) {
            assert_eq!(source_line(source, line).as_deref(), expected, "line {line}");
        }
    }

    /// Whatever bytes come: an error, never a panic.
    #[test]
    fn every_cut_off_or_changed_body_is_refused_or_read() {
        let fields = [Some(&b"code"[..]), Some(b"SyntaxWarning"), Some(b"odd"), Some(b"m.py"), Some(b"3")];
        let whole = body(&fields);
        for length in 0..whole.len() {
            let cut = decode_compiled(&whole[..length], &request());
            assert_eq!(cut.is_ok(), length == 8, "{length} bytes");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = decode_compiled(&changed, &request());
                let _ = decode_rejected(&changed, &request());
                let _ = decode_hello(&changed, Path::new("python"));
            }
        }
    }
}
