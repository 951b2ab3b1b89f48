//! Sources that claim to be UTF-8 and are not, in versions whose tokenizer finds out token by token.
//!
//! To 3.13, what is no UTF-8 may stand in comments. Elsewhere it is an error of the name or the string it stands in, if
//! nothing is wrong before that. So the source is read with letters in the place of such bytes, and what comes of that is
//! judged afterwards. Must not know codecs.

use prepyc_version::Grammar;

use crate::error::{ErrorKind, ErrorPlace, SyntaxError};
use crate::lexer::Columns;
use crate::lexer::Lexer;
use crate::lexer::token::{Token, TokenKind};

/// A source with a letter for each byte that is no UTF-8.
pub(crate) struct Patched {
    /// With LF line ends.
    pub(crate) text: String,
    /// Where in the text such bytes were, and which.
    bytes: Vec<(usize, u8)>,
}

impl Patched {
    /// Of a source without its byte order mark.
    pub(super) fn new(source: &[u8]) -> Patched {
        let mut patched = Patched { text: String::with_capacity(source.len()), bytes: Vec::new() };
        for chunk in source.utf8_chunks() {
            patched.text.push_str(&super::unify_newlines(chunk.valid()));
            for &byte in chunk.invalid() {
                patched.bytes.push((patched.text.len(), byte));
                patched.text.push('Z');
            }
        }
        patched
    }

    /// What CPython makes of the source, when the parser makes `parsed` of the text.
    pub(crate) fn settle<T>(
        &self,
        parsed: Result<T, SyntaxError>,
        grammar: &'static Grammar,
    ) -> Result<T, SyntaxError> {
        let mut lexer = Lexer::new(&self.text, Columns::Characters, grammar);
        let token = loop {
            let token = lexer.next_token();
            match token.kind {
                TokenKind::Error | TokenKind::EndMarker => return parsed,
                _ if self.is_in(&token) => break token,
                _ => {}
            }
        };
        let (lineno, _) = self.place_of(token.start as usize);
        let is_earlier = |place: ErrorPlace| place.lineno < lineno;
        let is_string = matches!(token.kind, TokenKind::String);
        match &parsed {
            Err(error) if error.place.is_some_and(is_earlier) => parsed,
            // What is wrong with a string is found by the parser, and what the tokenizer has to say goes before that.
            Err(_) if is_string && reaches_error(&mut lexer) => parsed,
            _ => Err(match token.kind {
                TokenKind::String => self.bad_string(&token),
                TokenKind::Name | TokenKind::Number => self.bad_name(&token),
                _ => {
                    let said = complaint(&self.original(token.start as usize, token.end as usize));
                    SyntaxError::unplaced(ErrorKind::UnicodeDecode, said)
                }
            }),
        }
    }

    /// Whether the token has such a byte; a comment may belong to the end of its line.
    fn is_in(&self, token: &Token) -> bool {
        if token.kind.is_whitespace() {
            return false;
        }
        let first = self.bytes.partition_point(|&(at, _)| at < token.start as usize);
        self.bytes.get(first).is_some_and(|&(at, _)| at < token.end as usize)
    }

    /// The bytes that the source has there.
    fn original(&self, start: usize, end: usize) -> Vec<u8> {
        let mut bytes = self.text.as_bytes()[start..end].to_vec();
        for &(at, byte) in self.bytes.iter().filter(|(at, _)| (start..end).contains(at)) {
            bytes[at - start] = byte;
        }
        bytes
    }

    /// The line of an offset, from 1, and where that line starts.
    fn place_of(&self, at: usize) -> (u32, usize) {
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (before.matches('\n').count() as u32 + 1, start)
    }

    /// CPython: `verify_identifier` (`Parser/lexer/lexer.c`, 3.13).
    fn bad_name(&self, token: &Token) -> SyntaxError {
        let name = self.original(token.start as usize, token.end as usize);
        let bad = std::str::from_utf8(&name).err().map_or(0, |error| error.valid_up_to());
        let (lineno, start) = self.place_of(token.start as usize);
        let before = self.original(start, token.start as usize + bad);
        let offset = String::from_utf8_lossy(&before).chars().count() as i32 + 1;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 };
        let message = format!("(unicode error) {}", complaint(&name));
        SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
    }

    /// CPython: `_PyPegen_parse_string` (`Parser/string_parser.c`, 3.13).
    fn bad_string(&self, token: &Token) -> SyntaxError {
        let (start, end) = (token.start as usize, token.end as usize);
        let text = &self.text[start..end];
        let prefix = text.find(['"', '\'']).unwrap_or_default();
        let is = |letter: char| text[..prefix].contains([letter, letter.to_ascii_uppercase()]);
        let message = if is('b') {
            "bytes can only contain ASCII literal characters".to_owned()
        } else {
            let is_long = ["\"\"\"", "'''"].iter().any(|quotes| text[prefix..].starts_with(quotes));
            let quotes = if is_long { 3 } else { 1 };
            let body = self.original(start + prefix + quotes, end - quotes);
            let is_raw = is('r') || !body.contains(&b'\\');
            format!("(unicode error) {}", complaint(if is_raw { &body } else { first_bad_run(&body) }))
        };
        let ((lineno, line), (end_lineno, end_line)) = (self.place_of(start), self.place_of(end));
        let first_line = self.text[line..].find('\n').map_or(self.text.len(), |length| line + length);
        let first_line = self.original(line, first_line);
        let place = ErrorPlace {
            lineno,
            offset: characters(&first_line, start - line + 1),
            end_lineno: end_lineno as i32,
            end_offset: characters(&first_line, end - end_line + 1),
        };
        SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
    }
}

/// Whether tokens end in an error.
fn reaches_error(lexer: &mut Lexer<'_>) -> bool {
    loop {
        match lexer.next_token().kind {
            TokenKind::Error => return true,
            TokenKind::EndMarker => return false,
            _ => {}
        }
    }
}

/// CPython: `_PyPegen_byte_offset_to_character_offset` (`Parser/pegen.c`, 3.13): of the line as it is shown, with
/// replaced bytes, so that what stands behind one is moved.
fn characters(line: &[u8], offset: usize) -> i32 {
    let shown = String::from_utf8_lossy(line);
    let mut bytes = shown.as_bytes().to_vec();
    bytes.push(0);
    String::from_utf8_lossy(&bytes[..offset.min(bytes.len())]).chars().count() as i32
}

/// The first run of bytes beyond ASCII that is no UTF-8.
fn first_bad_run(body: &[u8]) -> &[u8] {
    let runs = body.split(u8::is_ascii);
    runs.into_iter().find(|run| std::str::from_utf8(run).is_err()).unwrap_or(body)
}

/// What the `utf-8` codec says of bytes that are none.
pub(super) fn complaint(bytes: &[u8]) -> String {
    let Err(error) = std::str::from_utf8(bytes) else { return String::new() };
    let position = error.valid_up_to();
    let byte = bytes[position];
    let reason = match error.error_len() {
        None => "unexpected end of data",
        Some(_) if matches!(byte, 0x80..=0xC1 | 0xF5..) => "invalid start byte",
        Some(_) => "invalid continuation byte",
    };
    match error.error_len().map_or(bytes.len(), |length| position + length) - 1 {
        end if end == position => {
            format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}")
        }
        end => format!("'utf-8' codec can't decode bytes in position {position}-{end}: {reason}"),
    }
}
