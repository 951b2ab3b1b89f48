//! The tokens read ahead of the parser.

use crate::lexer::Lexer;
use crate::lexer::batch::{BATCH, Batch};
use crate::lexer::names::Names;
use crate::lexer::token::{Token, TokenKind};

/// The batch that the parser is reading.
pub(super) struct Ahead {
    tokens: Batch,
    /// The first of them that has not been handed out.
    next: u32,
    /// Behind the last.
    end: u32,
}

impl Ahead {
    /// No tokens.
    pub(super) fn empty() -> Ahead {
        let token = Token::within_line(TokenKind::EndMarker, 0, 0, 1, 0);
        Ahead { tokens: [token; BATCH], next: 0, end: 0 }
    }

    /// Whether all of them have been handed out.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// Hands out the next token, of which there must be one.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Token {
        let token = *self.first();
        self.next += 1;
        token
    }

    /// The next token, of which there must be one.
    #[inline(always)]
    pub(super) fn first(&self) -> &Token {
        &self.tokens[self.next as usize % BATCH]
    }

    /// Reads the next batch.
    #[inline(never)]
    pub(super) fn refill(&mut self, lexer: &mut Lexer<'_>, names: &mut Names<'_>) {
        self.next = 0;
        self.end = lexer.fill(&mut self.tokens, names) as u32;
    }

    /// The tokens that have not been handed out, and then those behind them.
    pub(super) fn rest<'t>(&'t self, lexer: &'t Lexer<'_>) -> impl Iterator<Item = TokenKind> + 't {
        let mut lexer = lexer.clone();
        let behind = std::iter::repeat_with(move || lexer.next_token().kind);
        self.read_kinds().chain(behind)
    }

    /// The kinds of the tokens that have been read and not been handed out.
    pub(super) fn read_kinds(&self) -> impl Iterator<Item = TokenKind> + '_ {
        self.tokens[self.next as usize..self.end as usize].iter().map(|token| token.kind)
    }
}
