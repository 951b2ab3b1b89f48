//! The tokenizer: one token at a time, on demand, from decoded source.
//!
//! Mirrors CPython's `Parser/tokenizer.c` (from 3.12 on `Parser/lexer/`). The source is text without carriage returns and
//! null bytes (see `decode`), so that a null byte can stand for its end. Positions cost nothing but two counters: the
//! line and where it starts.

mod failure;
mod fstring;
mod indentation;
mod name;
mod number;
mod slice;
mod string;
pub(crate) mod token;

use memchr::memchr;
use prepyc_version::{FStrings, Grammar};

use crate::ast::Location;
use crate::error::{SyntaxError, Warning};
use fstring::StringMode;
use token::{NAME_CONTINUES, Token, TokenKind, keyword_or_name};

/// More brackets open at once are an error (CPython: `MAXLEVEL`).
const MAX_BRACKETS: usize = 200;

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bracket {
    /// `(`, `[` or `{`.
    pub(crate) byte: u8,
    /// Its line.
    pub(crate) line: u32,
    /// Its offset in the source.
    pub(crate) at: usize,
}

/// What the next token depends on besides the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Within a line.
    Line,
    /// Where a line starts, or has started with several dedents.
    LineStart,
    /// In the text of an f-string.
    StringText,
}

/// Reads tokens from a source.
#[derive(Clone)]
pub(crate) struct Lexer<'s> {
    source: &'s str,
    bytes: &'s [u8],
    position: usize,
    line: u32,
    /// Offset of the line's first byte. In 3.11's f-strings it may lie before the text, hence wraps.
    line_start: usize,
    mode: Mode,
    pending_dedents: u32,
    /// Columns of the open blocks: with tabs to the next multiple of eight, and with tabs as one.
    indents: Vec<(u32, u32)>,
    pub(crate) brackets: Vec<Bracket>,
    /// The f-strings and t-strings around the position.
    strings: Vec<StringMode>,
    /// Why the last token was [`TokenKind::Error`].
    pub(crate) error: Option<Box<SyntaxError>>,
    /// CPython's tokenizer reports it as its status, not by raising.
    pub(crate) error_is_status: bool,
    pub(crate) warnings: Vec<Warning>,
    /// The text is the field of a 3.11 f-string, in parentheses: the first is here, the second where it ends.
    parenthesis: Option<usize>,
    /// The line where the text starts.
    first_line: u32,
    grammar: &'static Grammar,
}

impl<'s> Lexer<'s> {
    /// Reads a whole source.
    pub(crate) fn new(source: &'s str, grammar: &'static Grammar) -> Lexer<'s> {
        Lexer {
            source,
            bytes: source.as_bytes(),
            position: 0,
            line: 1,
            line_start: 0,
            mode: Mode::LineStart,
            pending_dedents: 0,
            indents: Vec::with_capacity(16),
            brackets: Vec::with_capacity(16),
            strings: Vec::new(),
            error: None,
            error_is_status: false,
            warnings: Vec::new(),
            parenthesis: None,
            first_line: 1,
            grammar,
        }
    }

    /// The text of a token.
    pub(crate) fn text(&self, token: &Token) -> &'s str {
        &self.source[token.start as usize..token.end as usize]
    }

    /// The byte there, or 0 at the end.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        match self.bytes.get(at) {
            Some(&byte) => byte,
            None => 0,
        }
    }

    /// The next token.
    #[inline]
    pub(crate) fn next_token(&mut self) -> Token {
        if self.mode != Mode::Line
            && let Some(token) = self.special_token()
        {
            return token;
        }
        loop {
            let mut start = self.position;
            while matches!(self.byte(start), b' ' | b'\t' | b'\x0C') {
                start += 1;
            }
            let byte = self.byte(start);
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => return self.name(start),
                b'#' => {
                    let rest = &self.bytes[start..];
                    self.position = start + memchr(b'\n', rest).unwrap_or(rest.len());
                    if self.brackets.is_empty() {
                        return self.line_end(start);
                    }
                    self.skip_line_end();
                }
                b'\n' | 0 => {
                    self.position = start;
                    if self.brackets.is_empty() {
                        return self.line_end(start);
                    }
                    if byte == 0 {
                        return self.unexpected_end(start);
                    }
                    self.skip_line_end();
                }
                b'0'..=b'9' => return self.number(start),
                b'"' | b'\'' => return self.string(start, start),
                b'\\' => {
                    self.position = start + 1;
                    if let Some(error) = self.continue_line() {
                        return error;
                    }
                }
                _ => return self.operator(start, byte),
            }
        }
    }

    /// A token that depends on more than the text after the position, if there is one here.
    fn special_token(&mut self) -> Option<Token> {
        match self.mode {
            Mode::Line => None,
            Mode::LineStart => self.indentation(),
            Mode::StringText => self.string_text(),
        }
    }

    /// Steps over the line's end.
    #[inline]
    fn skip_line_end(&mut self) {
        if self.byte(self.position) == b'\n' {
            self.position += 1;
            self.line += 1;
            self.line_start = self.position;
        }
    }

    /// The `NEWLINE` token that starts at `start`, at a comment if there is one; at the source's end, its end.
    #[inline]
    fn line_end(&mut self, start: usize) -> Token {
        let end = self.position;
        if self.byte(end) == 0 && self.mode == Mode::LineStart {
            return self.end_marker(start);
        }
        let mut token = self.token(TokenKind::Newline, start, end);
        if self.grammar.fstrings == FStrings::Tokens {
            token.location.end_col_offset += 1;
        }
        self.skip_line_end();
        self.mode = Mode::LineStart;
        token
    }

    /// A token within the line.
    #[inline(always)]
    fn token(&self, kind: TokenKind, start: usize, end: usize) -> Token {
        Token {
            kind,
            start: start as u32,
            end: end as u32,
            location: Location {
                lineno: self.line,
                end_lineno: self.line,
                col_offset: start.wrapping_sub(self.line_start) as u32,
                end_col_offset: end.wrapping_sub(self.line_start) as u32,
            },
        }
    }

    /// A name, a keyword, or a string with a prefix.
    #[inline]
    fn name(&mut self, start: usize) -> Token {
        let mut end = start + 1;
        let mut all = self.byte(start);
        loop {
            let byte = self.byte(end);
            if !NAME_CONTINUES[byte as usize] {
                if matches!(byte, b'"' | b'\'') {
                    if end - start <= 2 && self.is_string_prefix(start, end) {
                        return self.string(start, end);
                    }
                    if let Some(error) = self.conflicting_prefixes(start, end) {
                        return error;
                    }
                }
                break;
            }
            all |= byte;
            end += 1;
        }
        if all >= 0x80 {
            return self.unusual_name(start, end);
        }
        self.position = end;
        self.token(keyword_or_name(&self.bytes[start..end]), start, end)
    }

    /// Steps over a line continuation, with the position after its backslash.
    fn continue_line(&mut self) -> Option<Token> {
        if self.byte(self.position) == 0 && self.brackets.is_empty() {
            return Some(self.end_in_continuation());
        }
        if self.byte(self.position) != b'\n' {
            return Some(self.bad_continuation());
        }
        self.skip_line_end();
        (self.byte(self.position) == 0).then(|| self.end_after_continuation())
    }

    /// An operator or a delimiter.
    #[inline]
    fn operator(&mut self, start: usize, byte: u8) -> Token {
        let second = self.byte(start + 1);
        let (kind, length) = match byte {
            b'(' | b'[' | b'{' => return self.open_bracket(start, byte),
            b')' | b']' | b'}' => return self.close_bracket(start, byte),
            b':' | b'!' if !self.strings.is_empty() && self.ends_expression(start) => {
                return self.expression_end(start, byte);
            }
            b',' => (TokenKind::Comma, 1),
            b'=' if second == b'=' => (TokenKind::Eq, 2),
            b'=' => (TokenKind::Assign, 1),
            b':' if second == b'=' => (TokenKind::ColonAssign, 2),
            b':' => (TokenKind::Colon, 1),
            b'.' => match second {
                b'0'..=b'9' => return self.number(start),
                b'.' if self.byte(start + 2) == b'.' => (TokenKind::Ellipsis, 3),
                _ => (TokenKind::Dot, 1),
            },
            b';' => (TokenKind::Semi, 1),
            b'~' => (TokenKind::Tilde, 1),
            b'!' if second == b'=' => (TokenKind::NotEq, 2),
            b'!' => return self.lone_exclamation(start),
            b'-' if second == b'>' => (TokenKind::Arrow, 2),
            b'-' => self.plain_or_assign(start, 1, TokenKind::Sub, TokenKind::SubAssign),
            b'+' => self.plain_or_assign(start, 1, TokenKind::Add, TokenKind::AddAssign),
            b'*' if second == b'*' => self.plain_or_assign(start, 2, TokenKind::Pow, TokenKind::PowAssign),
            b'*' => self.plain_or_assign(start, 1, TokenKind::Mult, TokenKind::MultAssign),
            b'/' if second == b'/' => {
                self.plain_or_assign(start, 2, TokenKind::FloorDiv, TokenKind::FloorDivAssign)
            }
            b'/' => self.plain_or_assign(start, 1, TokenKind::Div, TokenKind::DivAssign),
            b'%' => self.plain_or_assign(start, 1, TokenKind::Mod, TokenKind::ModAssign),
            b'@' => self.plain_or_assign(start, 1, TokenKind::MatMult, TokenKind::MatMultAssign),
            b'&' => self.plain_or_assign(start, 1, TokenKind::BitAnd, TokenKind::BitAndAssign),
            b'|' => self.plain_or_assign(start, 1, TokenKind::BitOr, TokenKind::BitOrAssign),
            b'^' => self.plain_or_assign(start, 1, TokenKind::BitXor, TokenKind::BitXorAssign),
            b'<' if second == b'<' => {
                self.plain_or_assign(start, 2, TokenKind::LShift, TokenKind::LShiftAssign)
            }
            // The barry_as_FLUFL spelling of `!=`: a token all the same.
            b'<' if second == b'>' => (TokenKind::NotEq, 2),
            b'<' => self.plain_or_assign(start, 1, TokenKind::Lt, TokenKind::LtE),
            b'>' if second == b'>' => {
                self.plain_or_assign(start, 2, TokenKind::RShift, TokenKind::RShiftAssign)
            }
            b'>' => self.plain_or_assign(start, 1, TokenKind::Gt, TokenKind::GtE),
            _ => return self.bad_character(start),
        };
        self.position = start + length;
        self.token(kind, start, start + length)
    }

    /// The operator of that many bytes, or with a `=` after it the other one.
    #[inline]
    fn plain_or_assign(
        &self,
        start: usize,
        length: usize,
        plain: TokenKind,
        assign: TokenKind,
    ) -> (TokenKind, usize) {
        if self.byte(start + length) == b'=' { (assign, length + 1) } else { (plain, length) }
    }

    #[inline]
    fn open_bracket(&mut self, start: usize, byte: u8) -> Token {
        if self.brackets.len() >= MAX_BRACKETS {
            return self.too_many_brackets(start);
        }
        self.brackets.push(Bracket { byte, line: self.line, at: start });
        if let Some(string) = self.strings.last_mut() {
            string.depth += 1;
        }
        self.position = start + 1;
        let kind = match byte {
            b'(' => TokenKind::LParen,
            b'[' => TokenKind::LBracket,
            _ => TokenKind::LBrace,
        };
        self.token(kind, start, start + 1)
    }

    #[inline]
    fn close_bracket(&mut self, start: usize, byte: u8) -> Token {
        let (kind, opening) = match byte {
            b')' => (TokenKind::RParen, b'('),
            b']' => (TokenKind::RBracket, b'['),
            _ => (TokenKind::RBrace, b'{'),
        };
        if !self.strings.is_empty() {
            if let Some(error) = self.close_in_string(start, byte, opening) {
                return error;
            }
        } else {
            match self.brackets.pop() {
                Some(bracket) if bracket.byte == opening => {}
                other => return self.unmatched_bracket(start, other),
            }
        }
        self.position = start + 1;
        self.token(kind, start, start + 1)
    }
}
