//! Looking at the source by offset, for literals whose inside is read again.

use super::token::{Token, TokenKind};
use super::{Bracket, Columns, Lexer, Mode};
use crate::ast::Location;
use crate::error::{ErrorKind, ErrorPlace, SyntaxError, Warning, WarningKind};
use crate::literal::string::BadEscape;

impl<'s> Lexer<'s> {
    /// What its places are counted in.
    pub(crate) fn columns(&self) -> Columns {
        self.columns
    }

    /// The source between the two offsets.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'s str {
        &self.source[start..end]
    }

    /// The byte there, or 0 at the end.
    pub(crate) fn byte_at(&self, at: usize) -> u8 {
        self.byte(at)
    }

    /// A lexer for what stands between `open` and `end` of a token, as if these two bytes were parentheses; and the first of
    /// them, as a token.
    pub(crate) fn within_parentheses(&self, token: &Token, open: usize, end: usize) -> (Lexer<'s>, Token) {
        let mut lexer = Lexer::new(&self.source[..end], self.columns, self.grammar);
        let before = &self.bytes[token.start as usize..open];
        let lines = memchr::memchr_iter(b'\n', before).count() as u32;
        let line_start = match memchr::memrchr(b'\n', before) {
            Some(newline) => token.start as usize + newline + 1,
            None => (token.start as usize).wrapping_sub(token.location.col_offset as usize),
        };
        lexer.position = open + 1;
        lexer.mode = Mode::Line;
        lexer.line = token.location.lineno + lines;
        lexer.line_start = line_start;
        lexer.parenthesis = Some(open);
        lexer.first_line = lexer.line;
        lexer.brackets.push(Bracket { byte: b'(', line: lexer.line, at: open });
        let mut parenthesis = lexer.token(TokenKind::LParen, open, open + 1);
        // CPython 3.11 forgets the column where nothing but a line's end follows.
        let rest = self.source[open + 1..end].trim_start_matches([' ', '\t', '\x0C']);
        if rest.starts_with('\n') {
            parenthesis.location.col_offset = if lines == 0 { token.location.col_offset } else { 0 };
        }
        (lexer, parenthesis)
    }

    /// The place of a node, in columns.
    pub(crate) fn place_of(&self, location: Location) -> ErrorPlace {
        let end_offset = match self.columns {
            Columns::Characters if location.lineno != location.end_lineno => {
                self.offset_of_other_line(location)
            }
            _ => self.offset_in_line(location.end_lineno, location.end_col_offset),
        };
        ErrorPlace {
            lineno: location.lineno,
            offset: self.offset_in_line(location.lineno, location.col_offset),
            end_lineno: location.end_lineno as i32,
            end_offset,
        }
    }

    /// CPython turns the bytes before the end of a place into characters of the place's first line.
    ///
    /// CPython: `_PyPegen_raise_error_known_location` (`Parser/pegen_errors.c`).
    fn offset_of_other_line(&self, location: Location) -> i32 {
        let start = self.start_of_line(location.lineno);
        let line = &self.bytes[start..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let column = location.end_col_offset as usize;
        // The place behind the line counts as a character of it.
        self.characters(start, start + column.min(line.len())) as i32 + 1
    }

    /// Where CPython says the source ends: at the end of its last line, the line's end included.
    pub(crate) fn place_of_end(&self) -> ErrorPlace {
        let text = self.source.strip_suffix('\n').unwrap_or(self.source);
        let line_start = text.rfind('\n').map_or(0, |newline| newline + 1);
        let lineno = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u32 + 1;
        let offset = self.columns_between(line_start, text.len()) as i32 + 1;
        ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 }
    }

    /// The column, from 1, that stands that many bytes into that line.
    pub(crate) fn offset_in_line(&self, line: u32, column: u32) -> i32 {
        let line_start = self.start_of_line(line);
        self.columns_between(line_start, line_start + column as usize) as i32 + 1
    }

    /// The offset of a line, from 1.
    pub(crate) fn start_of_line(&self, line: u32) -> usize {
        match line {
            0 | 1 => 0,
            _ => memchr::memchr_iter(b'\n', self.bytes)
                .nth(line as usize - 2)
                .map_or(self.bytes.len(), |at| at + 1),
        }
    }

    /// An integer has too many digits.
    pub(crate) fn too_many_digits(&self, token: &Token, digits: usize) -> SyntaxError {
        let message = format!(
            "Exceeds the limit (4300 digits) for integer string conversion: value has {digits} digits; \
             use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals \
             to avoid decimal conversion limits."
        );
        // CPython knows the line only.
        let place = ErrorPlace { offset: 0, end_offset: 0, ..self.place_of(token.location) };
        SyntaxError { kind: ErrorKind::Syntax, message, place: Some(place) }
    }

    /// What a warning says of a questionable escape, `kind` being empty or `octal `.
    pub(crate) fn escape_message(&self, kind: &str, escape: &str) -> String {
        if self.grammar.mistakes.escapes_advised {
            format!(
                "\"{escape}\" is an invalid {kind}escape sequence. Such sequences will not work in the future. \
                 Did you mean \"\\{escape}\"? A raw string is also an option."
            )
        } else {
            format!("invalid {kind}escape sequence '{escape}'")
        }
    }

    /// The warning of a questionable escape in text that starts at `offset` and belongs to `token`.
    pub(crate) fn escape_warning(
        &self,
        token: &Token,
        offset: usize,
        body: &str,
        bad: &BadEscape,
    ) -> Warning {
        let (at, message) = match *bad {
            BadEscape::Unknown { at, character } => (at, self.escape_message("", &format!("\\{character}"))),
            BadEscape::LargeOctal { at } => {
                (at, self.escape_message("octal ", &body[at..(at + 4).min(body.len())]))
            }
        };
        let lines = memchr::memchr_iter(b'\n', &self.bytes[token.start as usize..offset + at]).count() as u32;
        Warning { kind: WarningKind::Syntax, message, lineno: token.location.lineno + lines }
    }
}
