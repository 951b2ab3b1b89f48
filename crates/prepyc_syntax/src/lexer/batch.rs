//! Tokens by the batch: what the parser reads.
//!
//! A parser that asks for a token at a time makes the lexer begin anew with each: its state comes from memory and goes
//! back there. Here most tokens are read in one loop that keeps it at hand. What the loop does not know at a glance it
//! leaves to [`Lexer::read_token`], which knows everything: strings, errors, indentation that changes.

use memchr::memchr;
use prepyc_version::FStrings;

use super::chunk::Chunk;
use super::indentation::MAX_INDENTS;
use super::names::Names;
use super::token::{NAME_CONTINUES, Token, TokenKind};
use super::{Bracket, Lexer, MAX_BRACKETS, Mode};
use crate::ast::{Location, StrId};

/// As many tokens are read at once: few enough to stay in the nearest cache.
pub(crate) const BATCH: usize = 64;

/// Tokens read at once.
pub(crate) type Batch = [Token; BATCH];

/// Bytes looked at for one token: a space, a chunk, and the byte behind it.
const WINDOW: usize = Chunk::SIZE + 2;

/// What a token's first byte says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// A name, a keyword, or a string's prefix.
    Letter,
    /// A delimiter that is no bracket, and no part of something longer.
    Delimiter,
    /// An operator or a delimiter, or the first byte of a longer one.
    Operator,
    Open,
    Close,
    Digit,
    Quote,
    LineEnd,
    Comment,
    Space,
    Other,
}

/// For each byte what it says, and the kind of the token that it is where it is one alone.
static FIRST_BYTES: [(First, TokenKind); 256] = {
    let mut table = [(First::Other, TokenKind::Error); 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = first_byte(byte as u8);
        byte += 1;
    }
    table
};

const fn first_byte(byte: u8) -> (First, TokenKind) {
    use TokenKind as T;
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => (First::Letter, T::Name),
        b'0'..=b'9' => (First::Digit, T::Number),
        b'"' | b'\'' => (First::Quote, T::String),
        b'(' => (First::Open, T::LParen),
        b'[' => (First::Open, T::LBracket),
        b'{' => (First::Open, T::LBrace),
        b')' => (First::Close, T::RParen),
        b']' => (First::Close, T::RBracket),
        b'}' => (First::Close, T::RBrace),
        b'\n' => (First::LineEnd, T::Newline),
        b'#' => (First::Comment, T::Newline),
        b' ' => (First::Space, T::Error),
        b',' => (First::Delimiter, T::Comma),
        b';' => (First::Delimiter, T::Semi),
        b'~' => (First::Delimiter, T::Tilde),
        b'.' => (First::Operator, T::Dot),
        b':' => (First::Operator, T::Colon),
        b'=' => (First::Operator, T::Assign),
        b'+' => (First::Operator, T::Add),
        b'-' => (First::Operator, T::Sub),
        b'*' => (First::Operator, T::Mult),
        b'/' => (First::Operator, T::Div),
        b'%' => (First::Operator, T::Mod),
        b'<' => (First::Operator, T::Lt),
        b'>' => (First::Operator, T::Gt),
        b'@' => (First::Operator, T::MatMult),
        b'&' => (First::Operator, T::BitAnd),
        b'|' => (First::Operator, T::BitOr),
        b'^' => (First::Operator, T::BitXor),
        _ => (First::Other, T::Error),
    }
}

/// Bytes that, behind an operator or a dot, may make something longer of it.
static LENGTHENS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'=' | b'*' | b'/' | b'<' | b'>' | b'.' | b'0'..=b'9');
        byte += 1;
    }
    table
};

/// Bytes that, behind a word, may make a string or a longer name of it.
static JOINS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'"' | b'\'' | 0x80..);
        byte += 1;
    }
    table
};

/// An operator that starts with these bytes and its length, where that is one or two; none where it takes a closer look.
const fn operator(first: u8, second: u8, third: u8) -> Option<(TokenKind, usize)> {
    use TokenKind as T;
    Some(match (first, second) {
        (b'.', b'0'..=b'9' | b'.') => return None,
        (b'*' | b'/' | b'<' | b'>', _) if first == second && third == b'=' => return None,
        (b'=', b'=') => (T::Eq, 2),
        (b'<', b'=') => (T::LtE, 2),
        (b'>', b'=') => (T::GtE, 2),
        (b':', b'=') => (T::ColonAssign, 2),
        (b'-', b'>') => (T::Arrow, 2),
        (b'+', b'=') => (T::AddAssign, 2),
        (b'-', b'=') => (T::SubAssign, 2),
        (b'*', b'*') => (T::Pow, 2),
        (b'/', b'/') => (T::FloorDiv, 2),
        (b'<', b'<') => (T::LShift, 2),
        (b'>', b'>') => (T::RShift, 2),
        (b'<', b'>') | (_, b'=') => return None,
        _ => (first_byte(first).1, 1),
    })
}

/// The opening bracket of a closing one.
const fn opening(close: u8) -> u8 {
    match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

/// Where the loop is: the lexer's own state while it runs.
#[derive(Clone, Copy)]
struct Place<'s> {
    /// What has not been read.
    rest: &'s [u8],
    /// The size of the source.
    size: usize,
    line: u32,
    line_start: usize,
}

impl Place<'_> {
    #[inline(always)]
    fn position(&self) -> usize {
        self.size - self.rest.len()
    }

    #[inline(always)]
    fn step(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// Steps over a token and what is before it: mostly within the window, which is there, so that there is nothing more to
    /// look at.
    #[inline(always)]
    fn step_over(&mut self, length: usize) {
        if length <= WINDOW {
            self.rest = &self.rest[length.min(WINDOW)..];
        } else {
            self.step(length);
        }
    }

    /// Steps over what is left of a line of that length, and its end.
    #[inline(always)]
    fn end_line(&mut self, length: usize) {
        self.step(length + 1);
        self.line += 1;
        self.line_start = self.position();
    }

    #[inline(always)]
    fn spaces(&self) -> usize {
        let mut spaces = 0;
        while let Some(chunk) = Chunk::at(self.rest, spaces) {
            let more = chunk.space_length();
            spaces += more;
            if more < Chunk::SIZE {
                break;
            }
        }
        spaces
    }

    /// A token on its line.
    #[inline(always)]
    fn token(&self, kind: TokenKind, start: usize, end: usize) -> Token {
        Token {
            kind,
            is_known: false,
            name: StrId::default(),
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
}

impl<'s> Lexer<'s> {
    /// Reads tokens until there are enough of them, or one is the last that makes sense; how many.
    pub(crate) fn fill(&mut self, tokens: &mut Batch, names: &mut Names<'_>) -> usize {
        let mut count = 0;
        while count < BATCH {
            if self.mode == Mode::Line && self.strings.is_empty() {
                count = self.fill_at_a_glance(tokens, count, names);
            }
            let Some(token) = tokens.get_mut(count) else { break };
            self.read_token(token);
            count += 1;
            match token.kind {
                TokenKind::Name => token.name = names.intern_name(self.text(token)),
                TokenKind::Error | TokenKind::EndMarker => break,
                _ => {}
            }
        }
        count
    }

    /// Where the lexer is.
    fn place(&self) -> Place<'s> {
        Place {
            rest: self.bytes.get(self.position..).unwrap_or_default(),
            size: self.bytes.len().max(self.position),
            line: self.line,
            line_start: self.line_start,
        }
    }

    /// Reads tokens up to one that takes a closer look, or that is not on a line of this block; how many there are then.
    fn fill_at_a_glance(&mut self, tokens: &mut Batch, mut count: usize, names: &mut Names<'_>) -> usize {
        let mut place = self.place();
        while let Some(token) = tokens.get_mut(count) {
            let Some(window) = place.rest.first_chunk::<WINDOW>() else { break };
            // One space is so frequent that it is no branch.
            let space = usize::from(window[0] == b' ');
            let byte = window[space];
            let start = place.position() + space;
            let (first, mut kind) = FIRST_BYTES[byte as usize];
            let mut name = StrId::default();
            let mut is_known = false;
            let mut length = 1;
            match first {
                First::Letter => match self.word_at_a_glance(window, space, start, names) {
                    Some(word) => (kind, name, length) = word,
                    None => break,
                },
                First::Delimiter => {}
                First::Operator if !LENGTHENS[window[space + 1] as usize] => {}
                First::Operator => match operator(byte, window[space + 1], window[space + 2]) {
                    Some(operator) => (kind, length) = operator,
                    None => break,
                },
                First::Open if self.brackets.len() >= MAX_BRACKETS => break,
                First::Open => self.brackets.push(Bracket { byte, line: place.line, at: start }),
                First::Close => match self.brackets.last() {
                    Some(bracket) if bracket.byte == opening(byte) => _ = self.brackets.pop(),
                    _ => break,
                },
                First::Digit => match plain_number_length(window, space) {
                    Some(digits) => length = digits,
                    None => break,
                },
                First::Quote => match plain_string_length(&place.rest[space..]) {
                    Some(end) if end <= Chunk::SIZE => {
                        // With the quote before it no string is a word.
                        let key = Chunk::within(window, space).prefix(end - 1);
                        name = names.string(key, &self.source[start + 1..start + end - 1]);
                        (length, is_known) = (end, true);
                    }
                    Some(end) => length = end,
                    None => break,
                },
                First::LineEnd | First::Comment => {
                    let Some((next, line)) = self.line_end_at_a_glance(place, space, token) else { break };
                    place = next;
                    if line == Line::Ends {
                        count += 1;
                        if !self.start_line(&mut place, tokens, &mut count) {
                            self.mode = Mode::LineStart;
                            break;
                        }
                    }
                    continue;
                }
                First::Space => {
                    place.step(place.spaces());
                    continue;
                }
                First::Other => break,
            }
            *token = Token { name, is_known, ..place.token(kind, start, start + length) };
            count += 1;
            place.step_over(space + length);
        }
        (self.position, self.line, self.line_start) = (place.position(), place.line, place.line_start);
        count
    }

    /// What a word is that starts in the window's first or second byte, and its length; none if it is not ASCII, or may
    /// belong to a string.
    #[inline(always)]
    fn word_at_a_glance(
        &self,
        window: &[u8; WINDOW],
        space: usize,
        start: usize,
        names: &mut Names<'_>,
    ) -> Option<(TokenKind, StrId, usize)> {
        let chunk = Chunk::within(window, space);
        let length = chunk.word_length();
        if length == Chunk::SIZE {
            return self.long_word(start, names);
        }
        if JOINS_WORD[window[space + length] as usize] {
            return None;
        }
        let (kind, name) = names.word(chunk.prefix(length), self.source, start);
        Some((kind, name, length))
    }

    /// The same of a word that fills a chunk, so that it is no keyword.
    #[inline(never)]
    fn long_word(&self, start: usize, names: &mut Names<'_>) -> Option<(TokenKind, StrId, usize)> {
        let mut end = start + Chunk::SIZE;
        loop {
            let length = Chunk::at(self.bytes, end)?.word_length();
            end += length;
            if length < Chunk::SIZE {
                break;
            }
        }
        if JOINS_WORD[self.byte(end) as usize] {
            return None;
        }
        Some((TokenKind::Name, names.intern(&self.source[start..end]), end - start))
    }

    /// From a line's end, or a comment before it, to the next line; the line's last token, unless it goes on there. None at
    /// the source's end.
    #[inline(always)]
    fn line_end_at_a_glance(
        &self,
        mut place: Place<'s>,
        space: usize,
        token: &mut Token,
    ) -> Option<(Place<'s>, Line)> {
        let end = memchr_near(b'\n', place.rest.get(space..)?)?;
        let start = place.position() + space;
        if !self.brackets.is_empty() {
            place.end_line(space + end);
            place.step(place.spaces());
            return Some((place, Line::Goes));
        }
        *token = place.token(TokenKind::Newline, start, start + end);
        if self.grammar.fstrings == FStrings::Tokens {
            token.location.end_col_offset += 1;
        }
        place.end_line(space + end);
        Some((place, Line::Ends))
    }

    /// From a line's start over blank lines, and over the indentation of the first that is not blank, with the tokens that
    /// make it known; whether that was possible. If not, the place is the start of a line.
    #[inline]
    fn start_line(&mut self, place: &mut Place<'_>, tokens: &mut Batch, count: &mut usize) -> bool {
        loop {
            let spaces = place.spaces();
            match place.rest.get(spaces) {
                Some(b'\n') => place.end_line(spaces),
                Some(b'#') => match memchr(b'\n', &place.rest[spaces..]) {
                    Some(newline) => place.end_line(spaces + newline),
                    None => return false,
                },
                None | Some(b' ' | b'\t' | b'\x0C' | b'\\') => return false,
                Some(_) => {
                    let column = spaces as u32;
                    let known = self.indents.last() == Some(&(column, column))
                        || self.change_block(column, place, tokens, count);
                    if known {
                        place.step(spaces);
                    }
                    return known;
                }
            }
        }
    }

    /// Begins or ends blocks for a line that starts in that column, behind spaces only; whether that was possible.
    fn change_block(
        &mut self,
        column: u32,
        place: &Place<'_>,
        tokens: &mut Batch,
        count: &mut usize,
    ) -> bool {
        let kept = self.indents.iter().take_while(|&&(outer, _)| outer <= column).count();
        let changed = if kept < self.indents.len() { self.indents.len() - kept } else { 1 };
        let outer = kept.checked_sub(1).map_or((0, 0), |last| self.indents[last]);
        let at = place.position() + column as usize;
        let kind = if kept < self.indents.len() { TokenKind::Dedent } else { TokenKind::Indent };
        if outer == (column, column) && kind == TokenKind::Indent {
            // The module's own column.
            return true;
        }
        let fits = if kind == TokenKind::Dedent {
            outer == (column, column)
        } else {
            outer.0 == outer.1 && self.indents.len() < MAX_INDENTS
        };
        let Some(slots) = tokens.get_mut(*count..*count + changed).filter(|_| fits) else { return false };
        slots.fill(place.token(kind, at, at));
        *count += changed;
        self.indents.truncate(kept);
        if kind == TokenKind::Indent {
            self.indents.push((column, column));
        }
        true
    }
}

/// Whether a line of statements goes on in the next line of the source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Goes,
    Ends,
}

/// Where the byte is, which is often the first.
#[inline(always)]
fn memchr_near(byte: u8, text: &[u8]) -> Option<usize> {
    if text.first() == Some(&byte) { Some(0) } else { memchr(byte, text) }
}

/// The length of a decimal integer without underscores that starts in the window's first or second byte.
#[inline(always)]
fn plain_number_length(window: &[u8; WINDOW], start: usize) -> Option<usize> {
    let length = Chunk::within(window, start).digits_length();
    let next = window[start + length];
    let more = NAME_CONTINUES[next as usize] || next == b'.' || window[start] == b'0' && length > 1;
    (!more).then_some(length)
}

/// The length of a string that starts with a quote, both quotes included, if it has neither escapes nor three quotes.
#[inline(always)]
fn plain_string_length(text: &[u8]) -> Option<usize> {
    let quote = text[0];
    if text.get(1) == Some(&quote) {
        return (text.get(2)? != &quote).then_some(2);
    }
    let mut at = 1;
    loop {
        let length = Chunk::at(text, at)?.plain_string_length(quote);
        at += length;
        if length < Chunk::SIZE {
            return (text[at] == quote).then_some(at + 1);
        }
    }
}
