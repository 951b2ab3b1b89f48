//! Tokens by the batch: what the parser reads.
//!
//! A parser that asks for a token at a time makes the lexer begin anew with each: its state comes from memory and goes
//! back there. Here most tokens are read in one loop that keeps it at hand. What the loop does not know at a glance it
//! leaves to [`Lexer::read_token`], which knows everything: strings, errors, indentation that changes.

use std::num::NonZeroU64;

use memchr::memchr;
use prepyc_version::FStrings;

use super::chunk::{Block, Chunk};
use super::indentation::MAX_INDENTS;
use super::names::Names;
use super::token::{NAME_CONTINUES, Token, TokenKind};
use super::{Bracket, Lexer, MAX_BRACKETS, Mode};
use crate::ast::StrId;

/// As many tokens are read at once: few enough to stay in the nearest cache.
pub(crate) const BATCH: usize = 64;

/// Tokens read at once.
pub(crate) type Batch = [Token; BATCH];

/// Bytes looked at together: a block, and what starts in it.
const WINDOW: usize = Block::WINDOW;

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

/// Whether the one bracket closes the other: in ASCII the two of a pair are neighbours, or have one byte between them.
const fn closes(close: u8, open: u8) -> bool {
    close.wrapping_sub(open) <= 2
}

/// Where the loop is, and what it has found: the lexer's own state while it runs.
struct Glance {
    /// While a block is read, where it or its last line starts.
    position: usize,
    line: u32,
    line_start: usize,
    /// How many of the tokens have been read.
    count: usize,
}

impl Glance {
    /// A token on its line.
    #[inline(always)]
    fn token(&self, kind: TokenKind, start: usize, end: usize) -> Token {
        Token::within_line(kind, start, end, self.line, self.line_start)
    }

    /// Hands out a token, for which there must be room.
    #[inline(always)]
    fn push(&mut self, tokens: &mut Batch, token: Token) {
        tokens[self.count] = token;
        self.count += 1;
    }

    /// How many more tokens there is room for.
    fn room(&self) -> usize {
        BATCH - self.count
    }

    /// Goes to the start of the next line.
    #[inline(always)]
    fn start_line(&mut self, position: usize) {
        self.position = position;
        self.line += 1;
        self.line_start = position;
    }

    /// Goes on there with another block.
    #[inline(always)]
    fn next_block_at(&mut self, position: usize) -> Stop {
        self.position = position;
        Stop::Block
    }
}

/// What ends the reading of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// What comes next is not in it: another is to be looked at.
    Block,
    /// What comes next takes a closer look, or there is no room for it.
    Batch,
}

/// What starts somewhere in a block.
enum Seen {
    /// A token, behind which the next start is that of something else.
    Token,
    /// A token of that length, in which more seems to start.
    LongToken(usize),
    /// The end of a line within brackets.
    LineEnd,
    /// The end of a line of statements, a token.
    StatementsEnd,
    Comment,
    /// What takes a closer look.
    Other,
}

impl Lexer<'_> {
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

    /// Reads tokens up to one that takes a closer look, with so many read before; how many there are then.
    fn fill_at_a_glance(&mut self, tokens: &mut Batch, count: usize, names: &mut Names<'_>) -> usize {
        let (position, line, line_start) = (self.position, self.line, self.line_start);
        let mut glance = Glance { position, line, line_start, count };
        let mut stop = Stop::Block;
        while stop == Stop::Block {
            let rest = self.bytes.get(glance.position..).unwrap_or_default();
            stop = match rest.first_chunk() {
                Some(window) => self.read_block(window, &mut glance, tokens, names),
                None => {
                    // Behind the end of the source there are zeros.
                    let mut window = [0; WINDOW];
                    window[..rest.len()].copy_from_slice(rest);
                    self.read_block(&window, &mut glance, tokens, names)
                }
            };
        }
        (self.position, self.line, self.line_start) = (glance.position, glance.line, glance.line_start);
        glance.count
    }

    /// Reads the tokens of the window's block, which stands at the position.
    ///
    /// Where all of them start is known before the first is looked at: what one turns out to be holds up none behind it.
    #[inline(never)]
    fn read_block(
        &mut self,
        window: &[u8; WINDOW],
        glance: &mut Glance,
        tokens: &mut Batch,
        names: &mut Names<'_>,
    ) -> Stop {
        let block = Block::of(window);
        let base = glance.position;
        let mut starts = block.starts();
        while let Some(slot) = tokens.get_mut(glance.count) {
            let Some(next) = NonZeroU64::new(starts) else {
                glance.position = base + block.size();
                // A word that goes through all of the block is left to others.
                return if block.size() > 0 { Stop::Block } else { Stop::Batch };
            };
            let at = next.trailing_zeros() as usize;
            let start = base + at;
            match self.look(&block, at, start, glance, slot, names) {
                Seen::Token => {
                    glance.count += 1;
                    starts &= starts - 1;
                }
                Seen::LongToken(length) => {
                    glance.count += 1;
                    match block.starts_from(at + length, starts) {
                        Some(rest) => starts = rest,
                        None => return glance.next_block_at(start + length),
                    }
                }
                Seen::LineEnd => {
                    starts &= starts - 1;
                    glance.start_line(start + 1);
                }
                Seen::StatementsEnd => {
                    starts &= starts - 1;
                    glance.count += 1;
                    let next = starts.trailing_zeros() as usize;
                    if next >= block.size() || !continues_at_a_glance(window, next) {
                        return self.start_line_at_a_glance(start + 1, glance, tokens);
                    }
                    glance.start_line(start + 1);
                    if !self.indent_at_a_glance(next - at - 1, base + next, glance, tokens) {
                        self.mode = Mode::LineStart;
                        return Stop::Batch;
                    }
                }
                Seen::Comment => return self.comment_at_a_glance(start, glance, tokens),
                Seen::Other => break,
            }
        }
        // What is left is the token that was not read, and those behind it.
        glance.position = base + (starts.trailing_zeros() as usize).min(block.size());
        Stop::Batch
    }

    /// What starts there in the block, and at that offset of the source; a token goes to its slot.
    #[inline(always)]
    fn look(
        &mut self,
        block: &Block<'_>,
        at: usize,
        start: usize,
        glance: &Glance,
        slot: &mut Token,
        names: &mut Names<'_>,
    ) -> Seen {
        let byte = block.window[at];
        let (first, kind) = FIRST_BYTES[byte as usize];
        match first {
            First::Letter => {
                let length = block.word_length(at);
                // Written before it is known what the word is, which takes longer.
                *slot = glance.token(kind, start, start + length);
                let word = self.word_at_a_glance(block, at, length, start, names);
                let Some(word) = word else { return Seen::Other };
                (slot.kind, slot.name) = word;
            }
            First::Operator if LENGTHENS[block.window[at + 1] as usize] => {
                let operator = operator(byte, block.window[at + 1], block.window[at + 2]);
                let Some((kind, length)) = operator else { return Seen::Other };
                *slot = glance.token(kind, start, start + length);
                return Seen::LongToken(length);
            }
            First::Delimiter | First::Operator => *slot = glance.token(kind, start, start + 1),
            First::Open if self.brackets.len() >= MAX_BRACKETS => return Seen::Other,
            First::Open => {
                *slot = glance.token(kind, start, start + 1);
                self.brackets.push(Bracket { byte, line: glance.line, at: start });
            }
            First::Close => {
                if !self.brackets.last().is_some_and(|bracket| closes(byte, bracket.byte)) {
                    return Seen::Other;
                }
                self.brackets.pop();
                *slot = glance.token(kind, start, start + 1);
            }
            First::Digit => {
                let Some(length) = plain_number_length(block, at) else { return Seen::Other };
                *slot = glance.token(kind, start, start + length);
            }
            First::Quote => {
                let Some(length) = plain_string_length(&self.bytes[start..]) else { return Seen::Other };
                let text = self.short_text(block, at, length, start, names);
                let token = glance.token(kind, start, start + length);
                *slot = Token { name: text.unwrap_or_default(), is_known: text.is_some(), ..token };
                return Seen::LongToken(length);
            }
            First::LineEnd if !self.brackets.is_empty() => return Seen::LineEnd,
            First::LineEnd => {
                *slot = self.line_end_token(glance.token(kind, start, start));
                return Seen::StatementsEnd;
            }
            First::Comment => return Seen::Comment,
            First::Other => return Seen::Other,
        }
        Seen::Token
    }

    /// The text of a string of that length that starts there in the block, if it is short.
    #[inline(always)]
    fn short_text(
        &self,
        block: &Block<'_>,
        at: usize,
        length: usize,
        start: usize,
        names: &mut Names<'_>,
    ) -> Option<StrId> {
        // With the quote before it no string is a word.
        let key = (length <= Chunk::SIZE).then(|| block.chunk(at).prefix(length - 1))?;
        Some(names.string(key, &self.source[start + 1..start + length - 1]))
    }

    /// What a word of that length is that starts there in the block; none if it may belong to a string, or goes on beyond
    /// ASCII.
    #[inline(always)]
    fn word_at_a_glance(
        &self,
        block: &Block<'_>,
        at: usize,
        length: usize,
        start: usize,
        names: &mut Names<'_>,
    ) -> Option<(TokenKind, StrId)> {
        if JOINS_WORD[block.window[at + length] as usize] {
            return None;
        }
        if length > Chunk::SIZE {
            // No keyword is that long.
            return Some((TokenKind::Name, names.intern(&self.source[start..start + length])));
        }
        Some(names.word(block.chunk(at).prefix(length), self.source, start))
    }

    /// The end of a line of statements, with the place that CPython gives it.
    #[inline(always)]
    fn line_end_token(&self, mut token: Token) -> Token {
        if self.grammar.fstrings == FStrings::Tokens {
            token.location.end_col_offset += 1;
        }
        token
    }

    /// Steps over a comment and the line's end behind it; at the source's end over nothing.
    #[inline(never)]
    fn comment_at_a_glance(&mut self, start: usize, glance: &mut Glance, tokens: &mut Batch) -> Stop {
        let Some(length) = memchr(b'\n', &self.bytes[start..]) else {
            glance.position = start;
            return Stop::Batch;
        };
        let end = start + length;
        if self.brackets.is_empty() {
            glance.push(tokens, self.line_end_token(glance.token(TokenKind::Newline, start, end)));
            return self.start_line_at_a_glance(end + 1, glance, tokens);
        }
        glance.start_line(end + 1);
        Stop::Block
    }

    /// Steps over the line's end, over lines without statements, and over the indentation of the next, with the tokens that
    /// make it known. Where it is not known at a glance what that is, the place is the start of a line.
    #[inline(never)]
    fn start_line_at_a_glance(&mut self, start: usize, glance: &mut Glance, tokens: &mut Batch) -> Stop {
        glance.start_line(start);
        self.mode = Mode::LineStart;
        loop {
            let rest = &self.bytes[glance.position..];
            let spaces = leading_spaces(rest);
            let at = glance.position + spaces;
            match rest.get(spaces) {
                Some(b'\n') => glance.start_line(at + 1),
                Some(b'#') => match memchr(b'\n', &rest[spaces..]) {
                    Some(length) => glance.start_line(at + length + 1),
                    None => return Stop::Batch,
                },
                None | Some(b' ' | b'\t' | b'\x0C' | b'\\') => return Stop::Batch,
                Some(_) => {
                    if !self.indent_at_a_glance(spaces, at, glance, tokens) {
                        return Stop::Batch;
                    }
                    self.mode = Mode::Line;
                    glance.position = at;
                    return Stop::Block;
                }
            }
        }
    }

    /// Begins or ends blocks for a line that starts in that column and at that offset, behind spaces only; whether that was
    /// possible.
    #[inline(always)]
    fn indent_at_a_glance(
        &mut self,
        column: usize,
        at: usize,
        glance: &mut Glance,
        tokens: &mut Batch,
    ) -> bool {
        let column = column as u32;
        let same = self.indents.last() == Some(&(column, column));
        same || self.change_indentation(column, at, glance, tokens)
    }

    #[inline(never)]
    fn change_indentation(
        &mut self,
        column: u32,
        at: usize,
        glance: &mut Glance,
        tokens: &mut Batch,
    ) -> bool {
        let innermost = self.indents.last().map_or((0, 0), |&columns| columns);
        if column > innermost.0 {
            let fits = innermost.0 == innermost.1 && self.indents.len() < MAX_INDENTS;
            if !fits || glance.room() == 0 {
                return false;
            }
            self.indents.push((column, column));
            glance.push(tokens, glance.token(TokenKind::Indent, at, at));
            return true;
        }
        let kept = self.indents.iter().rposition(|&(outer, _)| outer <= column).map_or(0, |last| last + 1);
        let outer = kept.checked_sub(1).map_or((0, 0), |last| self.indents[last]);
        let ended = self.indents.len() - kept;
        if outer != (column, column) || glance.room() < ended {
            return false;
        }
        self.indents.truncate(kept);
        for _ in 0..ended {
            glance.push(tokens, glance.token(TokenKind::Dedent, at, at));
        }
        true
    }
}

/// Whether what stands there in the block is the first token of a line of statements, if it is the first of a line.
#[inline(always)]
fn continues_at_a_glance(window: &[u8; WINDOW], at: usize) -> bool {
    let (first, _) = FIRST_BYTES[window[at] as usize];
    !matches!(first, First::LineEnd | First::Comment | First::Other)
}

/// How many spaces the text starts with, as far as that is seen in whole chunks.
#[inline(always)]
fn leading_spaces(text: &[u8]) -> usize {
    let mut spaces = 0;
    while let Some(chunk) = Chunk::at(text, spaces) {
        let more = chunk.space_length();
        spaces += more;
        if more < Chunk::SIZE {
            break;
        }
    }
    spaces
}

/// The length of a decimal integer without underscores that starts there in the window's block.
#[inline(always)]
fn plain_number_length(block: &Block<'_>, start: usize) -> Option<usize> {
    let length = block.chunk(start).digits_length();
    let next = block.window[start + length];
    let more = NAME_CONTINUES[next as usize] || next == b'.' || block.window[start] == b'0' && length > 1;
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
