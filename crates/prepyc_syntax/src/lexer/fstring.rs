//! f-strings and t-strings as tokens (PEP 701): from 3.12 on.
//!
//! Text and expressions take turns. A string counts the brackets open within it (`depth`); each replacement field that is
//! open has its own level (`fields`), and at that level a `:` opens the format specification, which is text again.

use super::token::{Token, TokenKind};
use super::{Bracket, Lexer, Mode};
use crate::error::{ErrorKind, ErrorPlace, WarningKind};

/// Replacement fields may be nested in format specifications less than this (CPython: `MAX_EXPR_NESTING`).
const MAX_FIELDS: i32 = 3;

/// More strings within strings are an error (CPython: `MAXFSTRINGLEVEL`, one mode of which is the file's own).
const MAX_STRINGS: usize = 149;

/// An f-string or t-string around the position.
#[derive(Clone, Copy, Debug)]
pub(super) struct StringMode {
    quote: u8,
    triple: bool,
    raw: bool,
    template: bool,
    /// Brackets open since its start, those of its replacement fields included.
    pub(super) depth: i32,
    /// The level of the innermost open replacement field, -1 in plain text.
    field: i32,
    in_format_spec: bool,
    /// Where it starts.
    start: usize,
    line: u32,
    line_start: usize,
}

impl StringMode {
    fn letter(&self) -> char {
        if self.template { 't' } else { 'f' }
    }
}

impl Lexer<'_> {
    /// The token that opens an f-string or t-string.
    pub(super) fn string_start(&mut self, start: usize, quote_at: usize) -> Token {
        let quote = self.bytes[quote_at];
        let triple = self.byte(quote_at + 1) == quote && self.byte(quote_at + 2) == quote;
        let end = quote_at + if triple { 3 } else { 1 };
        let prefix = &self.bytes[start..quote_at];
        let template = prefix.iter().any(|byte| matches!(byte, b't' | b'T'));
        let raw = prefix.iter().any(|byte| matches!(byte, b'r' | b'R'));
        if self.strings.len() >= MAX_STRINGS {
            return self.fail_before(end, "too many nested f-strings or t-strings");
        }
        self.strings.push(StringMode {
            quote,
            triple,
            raw,
            template,
            depth: 0,
            field: -1,
            in_format_spec: false,
            start,
            line: self.line,
            line_start: self.line_start,
        });
        self.position = end;
        self.mode = Mode::StringText;
        let kind = if template { TokenKind::TStringStart } else { TokenKind::FStringStart };
        self.token(kind, start, end)
    }

    /// Text, a brace's begin or the end of the innermost string; `None` where an expression starts.
    pub(super) fn string_text(&mut self) -> Option<Token> {
        let string = *self.strings.last().expect("the text of a string is within one");
        let start = self.position;
        if self.byte(start) == b'{' && self.byte(start + 1) != b'{' || self.in_spec_before_brace(start) {
            if let Some(error) = self.open_field(start) {
                return Some(error);
            }
            return None;
        }
        let quotes = if string.triple { 3 } else { 1 };
        if (0..quotes).all(|index| self.byte(start + index) == string.quote) {
            return Some(self.string_end(start, quotes));
        }
        Some(self.middle(start))
    }

    fn in_spec_before_brace(&self, at: usize) -> bool {
        self.byte(at) == b'{' && self.strings.last().is_some_and(|string| string.in_format_spec)
    }

    /// Enters the replacement field whose `{` is next.
    fn open_field(&mut self, at: usize) -> Option<Token> {
        let string = self.strings.last_mut()?;
        string.field += 1;
        if string.field >= MAX_FIELDS {
            let letter = string.letter();
            return Some(self.fail_before(at, format!("{letter}-string: expressions nested too deeply")));
        }
        self.mode = Mode::Line;
        None
    }

    fn string_end(&mut self, start: usize, quotes: usize) -> Token {
        let string = self.strings.pop().expect("the end of a string is within one");
        self.position = start + quotes;
        self.mode = Mode::Line;
        let kind = if string.template { TokenKind::TStringEnd } else { TokenKind::FStringEnd };
        self.token(kind, start, start + quotes)
    }

    /// Text up to a brace or the string's end.
    fn middle(&mut self, start: usize) -> Token {
        let string = *self.strings.last().expect("the text of a string is within one");
        let kind = if string.template { TokenKind::TStringMiddle } else { TokenKind::FStringMiddle };
        let first = self.token(kind, start, start);
        let in_spec = string.in_format_spec;
        let mut named_escape = false;
        let mut at = start;
        loop {
            match self.byte(at) {
                byte if byte == string.quote => {
                    let ends = !string.triple || self.byte(at + 1) == byte && self.byte(at + 2) == byte;
                    if ends {
                        return self.text_token(first, at, at);
                    }
                    at += 1;
                }
                // CPython ends the last line, where the source does not.
                0 if string.triple || !in_spec || !self.is_end_of_line(at) => {
                    return self.unterminated_string(at);
                }
                b'\n' | 0 if !string.triple => {
                    if in_spec && !self.grammar.newline_in_format_spec {
                        return self.newline_in_spec(at);
                    }
                    if in_spec {
                        self.strings.last_mut().expect("within a string").in_format_spec = false;
                        self.mode = Mode::Line;
                        return self.text_token(first, at, at);
                    }
                    return self.unterminated_string(at);
                }
                b'\n' => {
                    at += 1;
                    self.line += 1;
                    self.line_start = at;
                }
                b'{' if named_escape => at += 1,
                b'{' if self.byte(at + 1) == b'{' && !in_spec => return self.text_before_brace(first, at),
                b'{' => {
                    let token = self.text_token(first, at, at);
                    return self.open_field(at).unwrap_or(token);
                }
                b'}' if named_escape => {
                    named_escape = false;
                    at += 1;
                }
                b'}' if self.byte(at + 1) == b'}' && !in_spec && string.depth == 0 => {
                    return self.text_before_brace(first, at);
                }
                b'}' => {
                    self.mode = Mode::Line;
                    self.strings.last_mut().expect("within a string").in_format_spec = false;
                    return self.text_token(first, at, at);
                }
                b'\\' => at = self.text_escape(at, string.raw, &mut named_escape),
                _ => at += 1,
            }
        }
    }

    /// Whether the source ends there, within a line.
    fn is_end_of_line(&self, at: usize) -> bool {
        at == self.bytes.len() && self.ends_in_newline() == 0
    }

    /// Steps over a backslash in text and what it escapes.
    fn text_escape(&mut self, at: usize, raw: bool, named_escape: &mut bool) -> usize {
        let next = self.byte(at + 1);
        match next {
            b'{' | b'}' => {
                if !raw {
                    let message = self.escape_message("", &format!("\\{}", char::from(next)));
                    self.warn(at, WarningKind::Syntax, message);
                }
                at + 1
            }
            b'N' if !raw && self.byte(at + 2) == b'{' => {
                *named_escape = true;
                at + 3
            }
            b'\n' => {
                self.line += 1;
                self.line_start = at + 2;
                at + 2
            }
            // The line's end that CPython puts there is escaped.
            _ => at + 2,
        }
    }

    /// Text from `first`'s start to `end`, after which reading goes on at `position`.
    fn text_token(&mut self, first: Token, end: usize, position: usize) -> Token {
        self.position = position;
        self.spanning(first, end)
    }

    /// Text up to the first of two braces, which stand for one; its place takes both in.
    fn text_before_brace(&mut self, first: Token, at: usize) -> Token {
        let token = self.text_token(first, at + 2, at + 2);
        Token { end: at as u32 + 1, ..token }
    }

    /// Whether the `:` or `!` there ends the expression of a replacement field.
    pub(super) fn ends_expression(&self, at: usize) -> bool {
        let Some(string) = self.strings.last() else { return false };
        string.depth - 1 == string.field && (self.byte(at) == b':' || self.byte(at + 1) != b'=')
    }

    /// The `:` or `!` after the expression of a replacement field.
    pub(super) fn expression_end(&mut self, start: usize, byte: u8) -> Token {
        self.position = start + 1;
        if byte == b'!' {
            return self.token(TokenKind::Exclamation, start, start + 1);
        }
        self.mode = Mode::StringText;
        self.strings.last_mut().expect("within a string").in_format_spec = true;
        self.token(TokenKind::Colon, start, start + 1)
    }

    /// Bookkeeping for a closing bracket within an f-string.
    pub(super) fn close_in_string(&mut self, start: usize, byte: u8, opening: u8) -> Option<Token> {
        let string = *self.strings.last()?;
        let letter = string.letter();
        if string.depth == 0 && byte == b'}' {
            return Some(self.fail_before(start + 1, format!("{letter}-string: single '}}' is not allowed")));
        }
        match self.brackets.pop() {
            None => return Some(self.unmatched_bracket(start, None)),
            Some(bracket) if bracket.byte == opening => {}
            Some(Bracket { byte: b'{', .. }) if string.depth - 1 == string.field => {
                let closing = char::from(byte);
                return Some(self.fail_before(start + 1, format!("{letter}-string: unmatched '{closing}'")));
            }
            other => return Some(self.unmatched_bracket(start, other)),
        }
        let string = self.strings.last_mut()?;
        string.depth -= 1;
        if string.depth < 0 {
            let closing = char::from(byte);
            return Some(self.fail_before(start + 1, format!("{letter}-string: unmatched '{closing}'")));
        }
        if byte == b'}' && string.depth == string.field {
            string.field -= 1;
            // CPython forgets that a field within a format specification is one, too.
            string.in_format_spec = false;
            self.mode = Mode::StringText;
        }
        None
    }

    /// The letter of the innermost string, if these quotes, which open nothing, are its own: then it lacks a `}`.
    pub(super) fn missing_brace(&self, quote_at: usize, quotes: usize) -> Option<char> {
        let string = self.strings.last()?;
        let same = string.quote == self.byte(quote_at) && string.triple == (quotes == 3);
        same.then(|| string.letter())
    }

    #[cold]
    fn newline_in_spec(&mut self, at: usize) -> Token {
        let letter = self.strings.last().map_or('f', StringMode::letter);
        let message = format!(
            "{letter}-string: newlines are not allowed in format specifiers for single quoted {letter}-strings"
        );
        self.fail_before(at + 1, message)
    }

    #[cold]
    fn unterminated_string(&mut self, at: usize) -> Token {
        let string = *self.strings.last().expect("the text of a string is within one");
        let last_line = self.line;
        self.position = at.min(self.bytes.len());
        let offset = self.characters(string.line_start, string.start) as i32 + 1;
        let place =
            ErrorPlace { lineno: string.line, offset, end_lineno: string.line as i32, end_offset: offset };
        let triple = if string.triple { "triple-quoted " } else { "" };
        let is_at_end = string.triple || at >= self.bytes.len();
        let last_line = if is_at_end { last_line - self.ends_in_newline() } else { last_line };
        let letter = string.letter();
        let message = format!("unterminated {triple}{letter}-string literal (detected at line {last_line})");
        self.fail(ErrorKind::Syntax, message, place)
    }
}
