//! The extent of string literals; their values are `literal::string`'s.

use memchr::{memchr_iter, memchr2, memrchr};

use super::Lexer;
use super::chunk::Chunk;
use super::token::{Token, TokenKind};
use crate::ast::Location;
use crate::error::{ErrorKind, ErrorPlace};

impl Lexer<'_> {
    /// A string whose prefix starts at `start` and whose first quote is at `quote_at`.
    pub(super) fn string(&mut self, start: usize, quote_at: usize) -> Token {
        if start != quote_at && self.has_inner_tokens(start, quote_at) {
            return self.string_start(start, quote_at);
        }
        let quote = self.bytes[quote_at];
        if self.byte(quote_at + 1) == quote {
            if self.byte(quote_at + 2) == quote {
                return self.triple_quoted(start, quote_at);
            }
            self.position = quote_at + 2;
            return self.token(TokenKind::String, start, quote_at + 2);
        }
        let mut at = quote_at + 1;
        loop {
            if let Some(chunk) = Chunk::at(self.bytes, at) {
                let length = chunk.plain_string_length(quote);
                at += length;
                if length == Chunk::SIZE {
                    continue;
                }
            }
            match self.byte(at) {
                byte if byte == quote => break,
                b'\\' if matches!(self.byte(at + 1), b'\n' | 0) => {
                    return self.continued_string(start, quote_at, at);
                }
                b'\\' => at += 2,
                b'\n' | 0 => return self.unterminated(start, quote_at, 1),
                _ => at += 1,
            }
        }
        self.position = at + 1;
        self.token(TokenKind::String, start, at + 1)
    }

    /// A string with one quote on each side that goes on over the line's end at `at`, behind a backslash.
    #[cold]
    fn continued_string(&mut self, start: usize, quote_at: usize, mut at: usize) -> Token {
        let first = self.token(TokenKind::String, start, at);
        let quote = self.bytes[quote_at];
        let (line, line_start) = (self.line, self.line_start);
        loop {
            match self.byte(at) {
                byte if byte == quote => break,
                b'\\' => {
                    at += 1;
                    match self.byte(at) {
                        b'\n' => {
                            self.line += 1;
                            self.line_start = at + 1;
                        }
                        // CPython sees a line end there.
                        0 => continue,
                        _ => {}
                    }
                    at += 1;
                }
                b'\n' | 0 => {
                    // CPython has noticed before it counts a line behind the last one.
                    let last_line = self.line - u32::from(at == self.bytes.len() && self.line_start == at);
                    (self.line, self.line_start) = (line, line_start);
                    return self.unterminated_at(start, quote_at, 1, last_line);
                }
                _ => at += 1,
            }
        }
        self.position = at + 1;
        self.spanning(first, at + 1)
    }

    fn triple_quoted(&mut self, start: usize, quote_at: usize) -> Token {
        let first = self.token(TokenKind::String, start, quote_at + 3);
        let quote = self.bytes[quote_at];
        let mut at = quote_at + 3;
        loop {
            let Some(found) = memchr2(quote, b'\\', self.bytes.get(at..).unwrap_or_default()) else {
                let last_line = self.line + self.lines_between(quote_at, self.bytes.len());
                return self.unterminated_at(start, quote_at, 3, last_line);
            };
            at += found;
            if self.bytes[at] == b'\\' {
                at += 2;
            } else if self.byte(at + 1) == quote && self.byte(at + 2) == quote {
                break;
            } else {
                at += 1;
            }
        }
        if let Some(newline) = memrchr(b'\n', &self.bytes[quote_at..at]) {
            self.line += self.lines_between(quote_at, quote_at + newline + 1);
            self.line_start = quote_at + newline + 1;
        }
        self.position = at + 3;
        self.spanning(first, at + 3)
    }

    /// How many lines end between the two offsets.
    fn lines_between(&self, start: usize, end: usize) -> u32 {
        memchr_iter(b'\n', &self.bytes[start..end]).count() as u32
    }

    /// The token that starts as `first` does and ends at `end` of the current line.
    pub(super) fn spanning(&self, first: Token, end: usize) -> Token {
        let mut first = first;
        if let (Some(open), true) = (self.parenthesis, self.line != first.location.lineno)
            && first.location.lineno == self.first_line
        {
            // CPython 3.11 compares with the line of the token's end to tell whether to add the column of the field.
            first.location.col_offset = (first.start as usize - open) as u32;
        }
        Token {
            end: end as u32,
            location: Location {
                end_lineno: self.line,
                end_col_offset: end.wrapping_sub(self.line_start) as u32,
                ..first.location
            },
            ..first
        }
    }

    #[cold]
    pub(super) fn unterminated(&mut self, start: usize, quote_at: usize, quotes: usize) -> Token {
        self.unterminated_at(start, quote_at, quotes, self.line)
    }

    /// A string that starts in the current line never ends; CPython noticed in line `last_line`.
    #[cold]
    fn unterminated_at(&mut self, start: usize, quote_at: usize, quotes: usize, last_line: u32) -> Token {
        if let Some(letter) = self.missing_brace(quote_at, quotes) {
            return self.fail_before(start + 1, format!("{letter}-string: expecting '}}'"));
        }
        let lineno = self.line;
        let offset = self.characters(self.line_start, start) as i32 + 1;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: offset };
        let triple = if quotes == 3 { "triple-quoted " } else { "" };
        let last_line = if quotes == 3 { last_line - self.ends_in_newline() } else { last_line };
        let is_escaped =
            quotes == 1 && self.grammar.mistakes.escaped_quote_errors && self.escapes_quote(quote_at);
        let advice = if is_escaped { "; perhaps you escaped the end quote?" } else { "" };
        let message = format!("unterminated {triple}string literal (detected at line {last_line}){advice}");
        self.fail(ErrorKind::Syntax, message, place)
    }

    /// Whether a quote of the kind that opens the string is escaped before its last line ends.
    fn escapes_quote(&self, quote_at: usize) -> bool {
        let quote = self.bytes[quote_at];
        let mut rest = self.bytes[quote_at + 1..].iter();
        while let Some(&byte) = rest.next() {
            match byte {
                b'\\' if rest.next() == Some(&quote) => return true,
                b'\n' => return false,
                _ => {}
            }
        }
        false
    }

    /// 1 where the source ends in a newline, behind which there is no line.
    pub(super) fn ends_in_newline(&self) -> u32 {
        u32::from(self.bytes.ends_with(b"\n"))
    }
}
