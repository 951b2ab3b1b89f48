//! The tokenizer: one token at a time, on demand, from decoded source.
//!
//! Mirrors CPython's `Parser/tokenizer.c` (from 3.12 on `Parser/lexer/`). The source is text without carriage returns and
//! null bytes (see `decode`), so that a null byte can stand for its end. Positions cost nothing but two counters: the
//! line and where it starts.

pub(crate) mod batch;
pub(crate) mod chunk;
mod failure;
mod fstring;
mod indentation;
mod name;
pub(crate) mod names;
mod number;
mod slice;
mod string;
pub(crate) mod token;

use memchr::memchr;
use prepyc_version::{FStrings, Grammar};

use crate::error::{SyntaxError, Warning};
use chunk::Chunk;
use fstring::StringMode;
use token::{NAME_CONTINUES, Token, TokenKind, keyword_or_name, word_of};

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

/// What the places of the parser's errors are counted in; the lexer's own are always in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    Characters,
    Bytes,
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
    /// With the offset of the end of the token, or within it, that they are about.
    pub(crate) warnings: Vec<(usize, Warning)>,
    /// The text is the field of a 3.11 f-string, in parentheses: the first is here, the second where it ends.
    parenthesis: Option<usize>,
    /// The line where the text starts.
    first_line: u32,
    columns: Columns,
    grammar: &'static Grammar,
}

impl<'s> Lexer<'s> {
    /// Reads a whole source.
    pub(crate) fn new(source: &'s str, columns: Columns, grammar: &'static Grammar) -> Lexer<'s> {
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
            columns,
            grammar,
        }
    }

    /// Whether an f-string or t-string has begun and not ended.
    pub(crate) fn is_within_string(&self) -> bool {
        !self.strings.is_empty()
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
    pub(crate) fn next_token(&mut self) -> Token {
        let mut token = self.token(TokenKind::EndMarker, self.position, self.position);
        self.read_token(&mut token);
        token
    }

    /// Reads the next token to where it is to stand: most tokens are small, and moving them would take longer than that.
    #[inline(always)]
    pub(crate) fn read_token(&mut self, out: &mut Token) {
        if self.mode != Mode::Line && self.special_token(out) {
            return;
        }
        loop {
            // One space is so frequent that it is no branch.
            let start = self.position + usize::from(self.byte(self.position) == b' ');
            let byte = self.byte(start);
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => return *out = self.name(start),
                b'#' => {
                    let rest = &self.bytes[start..];
                    self.position = start + memchr(b'\n', rest).unwrap_or(rest.len());
                    if self.brackets.is_empty() {
                        return self.line_end(start, out);
                    }
                    self.skip_line_end();
                }
                b'\n' | 0 => {
                    self.position = start;
                    if self.brackets.is_empty() {
                        return self.line_end(start, out);
                    }
                    if byte == 0 {
                        return *out = self.unexpected_end(start);
                    }
                    self.skip_line_end();
                }
                b' ' | b'\t' | b'\x0C' => self.position = start + 1,
                b'0'..=b'9' => return self.number(start, out),
                b'"' | b'\'' => return *out = self.string(start, start),
                b'\\' => {
                    self.position = start + 1;
                    if let Some(error) = self.continue_line() {
                        return *out = error;
                    }
                }
                _ => return self.operator(start, byte, out),
            }
        }
    }

    /// Reads a token that depends on more than the text after the position; whether there is one here.
    #[inline(never)]
    fn special_token(&mut self, out: &mut Token) -> bool {
        match self.mode {
            Mode::Line => false,
            Mode::LineStart => self.indentation(out),
            Mode::StringText => match self.string_text() {
                Some(token) => {
                    *out = token;
                    true
                }
                None => false,
            },
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
    #[inline(always)]
    fn line_end(&mut self, start: usize, out: &mut Token) {
        let end = self.position;
        if self.byte(end) == 0 && self.mode == Mode::LineStart {
            return *out = self.end_marker(start);
        }
        *out = self.token(TokenKind::Newline, start, end);
        if self.grammar.fstrings == FStrings::Tokens {
            out.location.end_col_offset += 1;
        }
        self.skip_line_end();
        self.mode = Mode::LineStart;
    }

    /// A token within the line.
    #[inline(always)]
    fn token(&self, kind: TokenKind, start: usize, end: usize) -> Token {
        Token::within_line(kind, start, end, self.line, self.line_start)
    }

    /// A name, a keyword, or a string with a prefix.
    #[inline(never)]
    fn name(&mut self, start: usize) -> Token {
        let mut end = start;
        while let Some(chunk) = Chunk::at(self.bytes, end) {
            let length = chunk.word_length();
            end += length;
            if length < Chunk::SIZE {
                break;
            }
        }
        while NAME_CONTINUES[self.byte(end) as usize] {
            end += 1;
        }
        let text = &self.bytes[start..end];
        if matches!(self.byte(end), b'"' | b'\'') || !text.is_ascii() {
            return self.unusual_name_or_string(start, end);
        }
        self.position = end;
        let kind = if text.len() <= 8 { keyword_or_name(word_of(text)) } else { TokenKind::Name };
        self.token(kind, start, end)
    }

    /// Steps over a line continuation, with the position after its backslash.
    fn continue_line(&mut self) -> Option<Token> {
        if self.byte(self.position) == 0 {
            let is_inside = !self.brackets.is_empty();
            return Some(if is_inside {
                self.unexpected_end(self.position)
            } else {
                self.end_in_continuation()
            });
        }
        if self.byte(self.position) != b'\n' {
            return Some(self.bad_continuation());
        }
        self.skip_line_end();
        (self.byte(self.position) == 0).then(|| self.end_after_continuation())
    }

    /// An operator or a delimiter.
    #[inline(always)]
    fn operator(&mut self, start: usize, byte: u8, out: &mut Token) {
        use TokenKind as T;
        let (kind, length) = match byte {
            b'(' | b'[' | b'{' => return self.open_bracket(start, byte, out),
            b')' | b']' | b'}' => return self.close_bracket(start, byte, out),
            b',' => (T::Comma, 1),
            b'.' => return self.dot(start, out),
            b':' | b'!' if !self.strings.is_empty() && self.ends_expression(start) => {
                return *out = self.expression_end(start, byte);
            }
            b':' => self.plain_or_assign(start, 1, T::Colon, T::ColonAssign),
            b'=' => self.plain_or_assign(start, 1, T::Assign, T::Eq),
            b'+' => self.plain_or_assign(start, 1, T::Add, T::AddAssign),
            b'-' if self.byte(start + 1) == b'>' => (T::Arrow, 2),
            b'-' => self.plain_or_assign(start, 1, T::Sub, T::SubAssign),
            b'*' if self.byte(start + 1) == b'*' => self.plain_or_assign(start, 2, T::Pow, T::PowAssign),
            b'*' => self.plain_or_assign(start, 1, T::Mult, T::MultAssign),
            b'/' if self.byte(start + 1) == b'/' => {
                self.plain_or_assign(start, 2, T::FloorDiv, T::FloorDivAssign)
            }
            b'/' => self.plain_or_assign(start, 1, T::Div, T::DivAssign),
            b'%' => self.plain_or_assign(start, 1, T::Mod, T::ModAssign),
            b'<' if self.byte(start + 1) == b'<' => {
                self.plain_or_assign(start, 2, T::LShift, T::LShiftAssign)
            }
            // The barry_as_FLUFL spelling of `!=`: a token all the same.
            b'<' if self.byte(start + 1) == b'>' => (T::NotEq, 2),
            b'<' => self.plain_or_assign(start, 1, T::Lt, T::LtE),
            b'>' if self.byte(start + 1) == b'>' => {
                self.plain_or_assign(start, 2, T::RShift, T::RShiftAssign)
            }
            b'>' => self.plain_or_assign(start, 1, T::Gt, T::GtE),
            b'!' if self.byte(start + 1) == b'=' => (T::NotEq, 2),
            b'!' => return *out = self.lone_exclamation(start),
            b'@' => self.plain_or_assign(start, 1, T::MatMult, T::MatMultAssign),
            b'&' => self.plain_or_assign(start, 1, T::BitAnd, T::BitAndAssign),
            b'|' => self.plain_or_assign(start, 1, T::BitOr, T::BitOrAssign),
            b'^' => self.plain_or_assign(start, 1, T::BitXor, T::BitXorAssign),
            b';' => (T::Semi, 1),
            b'~' => (T::Tilde, 1),
            _ => return *out = self.bad_character(start),
        };
        self.position = start + length;
        *out = self.token(kind, start, start + length);
    }

    /// What starts with a dot.
    #[inline(always)]
    fn dot(&mut self, start: usize, out: &mut Token) {
        let (kind, length) = match self.byte(start + 1) {
            b'0'..=b'9' => return self.number(start, out),
            b'.' if self.byte(start + 2) == b'.' => (TokenKind::Ellipsis, 3),
            _ => (TokenKind::Dot, 1),
        };
        self.position = start + length;
        *out = self.token(kind, start, start + length);
    }

    /// The operator of that many bytes, or with a `=` after it the other one.
    #[inline(always)]
    fn plain_or_assign(
        &self,
        start: usize,
        length: usize,
        plain: TokenKind,
        assign: TokenKind,
    ) -> (TokenKind, usize) {
        if self.byte(start + length) == b'=' { (assign, length + 1) } else { (plain, length) }
    }

    #[inline(always)]
    fn open_bracket(&mut self, start: usize, byte: u8, out: &mut Token) {
        if self.brackets.len() >= MAX_BRACKETS {
            return *out = self.too_many_brackets(start);
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
        *out = self.token(kind, start, start + 1);
    }

    #[inline(always)]
    fn close_bracket(&mut self, start: usize, byte: u8, out: &mut Token) {
        let (kind, opening) = match byte {
            b')' => (TokenKind::RParen, b'('),
            b']' => (TokenKind::RBracket, b'['),
            _ => (TokenKind::RBrace, b'{'),
        };
        if !self.strings.is_empty() {
            if let Some(error) = self.close_in_string(start, byte, opening) {
                return *out = error;
            }
        } else {
            match self.brackets.pop() {
                Some(bracket) if bracket.byte == opening => {}
                other => return *out = self.unmatched_bracket(start, other),
            }
        }
        self.position = start + 1;
        *out = self.token(kind, start, start + 1);
    }
}
