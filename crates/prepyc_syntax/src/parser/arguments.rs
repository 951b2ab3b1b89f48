//! The arguments of calls and class definitions. Grammar: `arguments` and `genexp`.

use super::{Fail, Parse, Parser};
use crate::ast::{Expr, ExprKind, Keyword};
use crate::lexer::token::TokenKind;

/// What has been seen of a call's arguments, which limits what may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Positional,
    /// `name=value`: only keywords, `*` and `**` may follow.
    Keyword,
    /// `**value`: only keywords and `**` may follow.
    DoubleStarred,
}

/// Positional and keyword arguments.
pub(super) type Arguments<'a> = (&'a [Expr<'a>], &'a [Keyword<'a>]);

impl<'a> Parser<'a, '_> {
    /// The parentheses of a call and what is in them; a lone generator expression has them in common with the call.
    pub(super) fn call_arguments(&mut self) -> Parse<Arguments<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(TokenKind::RParen) {
            return Ok((&[], &[]));
        }
        let base = self.scratch.exprs.len();
        let keywords = self.scratch.keywords.len();
        let mut seen = Seen::Positional;
        loop {
            seen = self.argument(seen)?;
            if self.at_comprehension() {
                let lone = self.scratch.exprs.len() == base + 1 && self.scratch.keywords.len() == keywords;
                let element = self.scratch.exprs.pop().filter(|_| lone).ok_or(Fail)?;
                if matches!(element.kind, ExprKind::Starred { .. }) && !self.grammar.comprehension_unpacking {
                    return Err(Fail);
                }
                let generator = self.generator(start, element)?;
                return Ok((std::slice::from_ref(self.alloc(generator)), &[]));
            }
            if !self.eat(TokenKind::Comma) || self.at(TokenKind::RParen) {
                break;
            }
        }
        self.expect(TokenKind::RParen)?;
        Ok((self.take_exprs(base), self.take_keywords(keywords)))
    }

    /// The parentheses of a class definition and what is in them.
    pub(super) fn class_arguments(&mut self) -> Parse<Arguments<'a>> {
        self.bump();
        let base = self.scratch.exprs.len();
        let keywords = self.scratch.keywords.len();
        let mut seen = Seen::Positional;
        while !self.at(TokenKind::RParen) {
            seen = self.argument(seen)?;
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RParen)?;
        Ok((self.take_exprs(base), self.take_keywords(keywords)))
    }

    fn argument(&mut self, seen: Seen) -> Parse<Seen> {
        match self.current.kind {
            TokenKind::Mult => {
                if seen == Seen::DoubleStarred {
                    return Err(Fail);
                }
                let value = self.starred(Parser::expression)?;
                self.scratch.exprs.push(value);
                Ok(seen)
            }
            TokenKind::Pow => {
                let start = self.start();
                self.bump();
                let value = self.expression()?;
                let location = self.since(start);
                self.scratch.keywords.push(Keyword { location, arg: None, value });
                Ok(Seen::DoubleStarred)
            }
            first => self.plain_argument(seen, first),
        }
    }

    /// A positional argument or `name=value`.
    fn plain_argument(&mut self, seen: Seen, first: TokenKind) -> Parse<Seen> {
        let start = self.start();
        let expr = self.named_expression()?;
        if !self.at(TokenKind::Assign) {
            if seen != Seen::Positional {
                return Err(Fail);
            }
            self.scratch.exprs.push(expr);
            return Ok(seen);
        }
        let (TokenKind::Name, ExprKind::Name { id, .. }) = (first, expr.kind) else { return Err(Fail) };
        self.bump();
        let value = self.expression()?;
        if self.at_comprehension() {
            return Err(Fail);
        }
        let location = self.since(start);
        self.scratch.keywords.push(Keyword { location, arg: Some(id), value });
        Ok(if seen == Seen::DoubleStarred { seen } else { Seen::Keyword })
    }
}
