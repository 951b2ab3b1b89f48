//! What the tokenizer itself complains of, and where it says it is.
//!
//! CPython's tokenizer points at the last character it has read, which is why most of these take the position after it.

use super::token::{Token, TokenKind};
use super::{Bracket, Columns, Lexer};
use crate::error::{ErrorKind, ErrorPlace, SyntaxError, Warning, WarningKind};

impl Lexer<'_> {
    /// Fails; the token to hand out.
    pub(super) fn fail(&mut self, kind: ErrorKind, message: impl Into<String>, place: ErrorPlace) -> Token {
        if self.error.is_none() {
            self.error = Some(Box::new(SyntaxError { kind, message: message.into(), place: Some(place) }));
        }
        self.token(TokenKind::Error, self.position, self.position)
    }

    /// A `SyntaxError` at the last character before `after`, as CPython's tokenizer raises them.
    pub(super) fn fail_before(&mut self, after: usize, message: impl Into<String>) -> Token {
        let offset = self.characters(self.line_start, after) as i32;
        let lineno = self.line;
        self.position = after;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: offset };
        self.fail(ErrorKind::Syntax, message, place)
    }

    /// A `SyntaxError` from the character at `start` to the one before `end`, both on the current line.
    pub(super) fn fail_range(&mut self, start: usize, end: usize, message: impl Into<String>) -> Token {
        let lineno = self.line;
        let place = ErrorPlace {
            lineno,
            offset: self.characters(self.line_start, start) as i32 + 1,
            end_lineno: lineno as i32,
            end_offset: self.characters(self.line_start, end) as i32 + 1,
        };
        self.fail(ErrorKind::Syntax, message, place)
    }

    /// An error of the whole line, for which CPython points at its first character.
    pub(super) fn fail_on_line(&mut self, kind: ErrorKind, message: &str) -> Token {
        let lineno = self.line;
        self.error_is_status = true;
        self.fail(kind, message, ErrorPlace { lineno, offset: 1, end_lineno: lineno as i32, end_offset: 0 })
    }

    /// An error for which CPython points after the line's last character.
    pub(super) fn fail_at_line_end(&mut self, kind: ErrorKind, message: &str) -> Token {
        let lineno = self.line;
        let end = self.line_end_offset();
        let offset = self.columns_between(self.line_start, end) as i32 + 1;
        self.error_is_status = true;
        self.fail(kind, message, ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 })
    }

    /// Offset of the current line's end.
    pub(super) fn line_end_offset(&self) -> usize {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        self.position + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// How many characters there are between the two offsets.
    pub(crate) fn characters(&self, start: usize, end: usize) -> usize {
        let bytes = self.bytes.get(start..end.min(self.bytes.len())).unwrap_or_default();
        // CPython appends a line's end where the last line has none; a token may take that in.
        let beyond = end.saturating_sub(self.bytes.len());
        bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + beyond
    }

    /// How many columns, as the parser counts them, there are between the two offsets.
    pub(crate) fn columns_between(&self, start: usize, end: usize) -> usize {
        match self.columns {
            Columns::Characters => self.characters(start, end),
            Columns::Bytes => end.saturating_sub(start),
        }
    }

    /// Warns of the token that ends at that offset or behind it.
    pub(super) fn warn(&mut self, at: usize, kind: WarningKind, message: String) {
        self.warnings.push((at, Warning { kind, message, lineno: self.line }));
    }

    /// The source ends within brackets.
    pub(super) fn unexpected_end(&mut self, start: usize) -> Token {
        self.position = start;
        if self.parenthesis.is_some() && self.brackets.len() == 1 {
            self.brackets.pop();
            self.mode = super::Mode::LineStart;
            return self.token(TokenKind::RParen, start, start + 1);
        }
        self.error_is_status = true;
        if self.error.is_none() {
            self.error = Some(Box::new(self.never_closed()));
        }
        self.token(TokenKind::Error, start, start)
    }

    /// "'(' was never closed", of the innermost open bracket.
    pub(crate) fn never_closed(&self) -> SyntaxError {
        let Some(&Bracket { byte, line, at }) = self.brackets.last() else {
            return SyntaxError::unplaced(ErrorKind::Syntax, "unexpected EOF while parsing");
        };
        let line_start = memchr::memrchr(b'\n', &self.bytes[..at]).map_or(0, |newline| newline + 1);
        let offset = self.columns_between(line_start, at) as i32 + 1;
        SyntaxError {
            kind: ErrorKind::Syntax,
            message: format!("'{}' was never closed", char::from(byte)),
            place: Some(ErrorPlace { lineno: line, offset, end_lineno: line as i32, end_offset: 0 }),
        }
    }

    /// Something else than the line's end follows a backslash.
    pub(super) fn bad_continuation(&mut self) -> Token {
        let lineno = self.line;
        let offset = self.columns_between(self.line_start, self.position) as i32 + 1;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: 0 };
        self.error_is_status = true;
        self.fail(ErrorKind::Syntax, "unexpected character after line continuation character", place)
    }

    /// The source ends right after a backslash.
    pub(super) fn end_in_continuation(&mut self) -> Token {
        let lineno = self.line;
        let offset = self.columns_between(self.line_start, self.position) as i32 + 1;
        self.error_is_status = true;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 };
        self.fail(ErrorKind::Syntax, "unexpected EOF while parsing", place)
    }

    /// The source ends after a backslash and a line's end.
    pub(super) fn end_after_continuation(&mut self) -> Token {
        if !self.brackets.is_empty() {
            return self.unexpected_end(self.position);
        }
        let lineno = self.line.saturating_sub(1).max(1);
        let line_start =
            memchr::memrchr(b'\n', &self.bytes[..self.position.saturating_sub(1)]).map_or(0, |at| at + 1);
        let offset = self.columns_between(line_start, self.position.saturating_sub(1)) as i32 + 1;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 };
        self.error_is_status = true;
        self.fail(ErrorKind::Syntax, "unexpected EOF while parsing", place)
    }

    pub(super) fn too_many_brackets(&mut self, start: usize) -> Token {
        self.fail_before(start + 1, "too many nested parentheses")
    }

    /// A closing bracket at `start` closes nothing, or something else.
    pub(super) fn unmatched_bracket(&mut self, start: usize, opened: Option<Bracket>) -> Token {
        let closing = char::from(self.byte(start));
        let message = match opened {
            None => format!("unmatched '{closing}'"),
            Some(Bracket { byte, line, .. }) => {
                let mut message = format!(
                    "closing parenthesis '{closing}' does not match opening parenthesis '{}'",
                    char::from(byte)
                );
                if line != self.line {
                    message += &format!(" on line {line}");
                }
                message
            }
        };
        self.fail_before(start + 1, message)
    }

    /// `!` without `=` after it is a token within f-strings only; elsewhere CPython from 3.12 on hands it out as well.
    pub(super) fn lone_exclamation(&mut self, start: usize) -> Token {
        match self.grammar.fstrings {
            prepyc_version::FStrings::OneToken => self.bad_character(start),
            prepyc_version::FStrings::Tokens => {
                self.position = start + 1;
                self.token(TokenKind::Exclamation, start, start + 1)
            }
        }
    }

    /// A character that starts no token.
    pub(super) fn bad_character(&mut self, start: usize) -> Token {
        let byte = self.byte(start);
        self.position = start + 1;
        if byte < 0x20 || byte == 0x7F {
            return self.fail_before(start + 1, format!("invalid non-printable character U+{byte:04X}"));
        }
        // CPython's parser, not its tokenizer, rejects them.
        self.token(TokenKind::Unknown, start, start + 1)
    }
}
