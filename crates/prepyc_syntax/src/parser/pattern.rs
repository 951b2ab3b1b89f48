//! Patterns of `match` statements. Grammar: `patterns` and what it may be.

use super::{Fail, Parse, Parser, Start};
use crate::ast::UnaryOp;
use crate::ast::{
    Expr, ExprContext, ExprKind, Literal, MatchClass, MatchMapping, Operator, Pattern, PatternKind,
};
use crate::lexer::token::TokenKind;
use prepyc_bytecode::StrId;

impl<'a> Parser<'a, '_> {
    /// `patterns`: one, or a sequence without brackets.
    pub(super) fn patterns(&mut self) -> Parse<Pattern<'a>> {
        let start = self.start();
        let first_is_star = self.at(TokenKind::Mult);
        let first = self.maybe_star_pattern()?;
        if !self.at(TokenKind::Comma) {
            return if first_is_star { Err(Fail) } else { Ok(first) };
        }
        let base = self.scratch.patterns.len();
        self.scratch.patterns.push(first);
        while self.eat(TokenKind::Comma) && !matches!(self.current.kind, TokenKind::Colon | TokenKind::If) {
            let pattern = self.maybe_star_pattern()?;
            self.scratch.patterns.push(pattern);
        }
        let patterns = self.take_patterns(base);
        Ok(Pattern { location: self.since(start), kind: PatternKind::MatchSequence { patterns } })
    }

    fn maybe_star_pattern(&mut self) -> Parse<Pattern<'a>> {
        if !self.at(TokenKind::Mult) {
            return self.pattern();
        }
        let start = self.start();
        self.bump();
        let name = if self.at_wildcard() { None } else { Some(self.intern_current()?) };
        self.bump();
        if matches!(self.current.kind, TokenKind::Dot | TokenKind::LParen | TokenKind::Assign) {
            return Err(Fail);
        }
        Ok(Pattern { location: self.since(start), kind: PatternKind::MatchStar { name } })
    }

    /// `pattern`: alternatives, perhaps with a name.
    fn pattern(&mut self) -> Parse<Pattern<'a>> {
        self.enter()?;
        let start = self.start();
        let pattern = self.or_pattern()?;
        self.leave();
        if !self.eat(TokenKind::As) {
            return Ok(pattern);
        }
        if self.at_wildcard() {
            return Err(Fail);
        }
        let name = self.name()?;
        if matches!(self.current.kind, TokenKind::Dot | TokenKind::LParen | TokenKind::Assign) {
            return Err(Fail);
        }
        let kind = PatternKind::MatchAs { pattern: Some(self.alloc(pattern)), name: Some(name) };
        Ok(Pattern { location: self.since(start), kind })
    }

    fn or_pattern(&mut self) -> Parse<Pattern<'a>> {
        let start = self.start();
        let first = self.closed_pattern()?;
        if !self.at(TokenKind::BitOr) {
            return Ok(first);
        }
        let base = self.scratch.patterns.len();
        self.scratch.patterns.push(first);
        while self.eat(TokenKind::BitOr) {
            let pattern = self.closed_pattern()?;
            self.scratch.patterns.push(pattern);
        }
        let patterns = self.take_patterns(base);
        Ok(Pattern { location: self.since(start), kind: PatternKind::MatchOr { patterns } })
    }

    fn closed_pattern(&mut self) -> Parse<Pattern<'a>> {
        let start = self.start();
        let kind = match self.current.kind {
            TokenKind::Name => return self.name_pattern(start),
            TokenKind::LParen => return self.parenthesized_pattern(start),
            TokenKind::LBracket => {
                self.bump();
                let patterns = self.pattern_list(TokenKind::RBracket)?;
                PatternKind::MatchSequence { patterns }
            }
            TokenKind::LBrace => self.mapping_pattern()?,
            TokenKind::None => self.singleton(Literal::None),
            TokenKind::True => self.singleton(Literal::True),
            TokenKind::False => self.singleton(Literal::False),
            _ => {
                let value = self.literal_value()?;
                PatternKind::MatchValue { value: self.alloc(value) }
            }
        };
        Ok(Pattern { location: self.since(start), kind })
    }

    fn singleton(&mut self, value: Literal<'a>) -> PatternKind<'a> {
        self.bump();
        PatternKind::MatchSingleton { value }
    }

    /// A number with a sign, a complex number or strings.
    fn literal_value(&mut self) -> Parse<Expr<'a>> {
        match self.current.kind {
            TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart => self.strings(),
            TokenKind::Number | TokenKind::Sub | TokenKind::Add => self.signed_number(),
            _ => Err(Fail),
        }
    }

    fn signed_number(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let sign = match self.current.kind {
            TokenKind::Sub => Some(UnaryOp::USub),
            TokenKind::Add if self.grammar.plus_in_patterns => Some(UnaryOp::UAdd),
            TokenKind::Add => return Err(Fail),
            _ => None,
        };
        if sign.is_some() {
            self.bump();
        }
        let real = self.number_atom()?;
        let mut value = real;
        if let Some(op) = sign {
            let kind = ExprKind::UnaryOp { op, operand: self.alloc(real) };
            value = Expr { location: self.since(start), kind };
        }
        let op = match self.current.kind {
            TokenKind::Add => Operator::Add,
            TokenKind::Sub => Operator::Sub,
            _ => return Ok(value),
        };
        if is_imaginary(&real) {
            return Err(Fail);
        }
        self.bump();
        let imaginary = self.number_atom()?;
        if !is_imaginary(&imaginary) {
            return Err(Fail);
        }
        let kind = ExprKind::BinOp { left: self.alloc(value), op, right: self.alloc(imaginary) };
        Ok(Expr { location: self.since(start), kind })
    }

    fn number_atom(&mut self) -> Parse<Expr<'a>> {
        if self.at(TokenKind::Number) { self.atom() } else { Err(Fail) }
    }

    fn at_wildcard(&self) -> bool {
        self.at(TokenKind::Name) && self.lexer.text(&self.current) == "_"
    }

    fn intern_current(&mut self) -> Parse<StrId> {
        if self.at(TokenKind::Name) { Ok(self.current.name) } else { Err(Fail) }
    }

    /// A capture, the wildcard, a dotted name or a class.
    fn name_pattern(&mut self, start: Start) -> Parse<Pattern<'a>> {
        let wildcard = self.at_wildcard();
        let cls = self.name_or_attribute()?;
        let kind = match (self.current.kind, cls.kind) {
            (TokenKind::LParen, _) => self.class_pattern(cls)?,
            (TokenKind::Assign, _) => return Err(Fail),
            (_, ExprKind::Name { .. }) if wildcard => PatternKind::MatchAs { pattern: None, name: None },
            (_, ExprKind::Name { id, .. }) => PatternKind::MatchAs { pattern: None, name: Some(id) },
            _ => PatternKind::MatchValue { value: self.alloc(cls) },
        };
        Ok(Pattern { location: self.since(start), kind })
    }

    fn name_or_attribute(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let location = self.current.location;
        let id = self.name()?;
        let mut value = Expr { location, kind: ExprKind::Name { id, ctx: ExprContext::Load } };
        while self.eat(TokenKind::Dot) {
            let attr = self.name()?;
            let kind = ExprKind::Attribute { value: self.alloc(value), attr, ctx: ExprContext::Load };
            value = Expr { location: self.since(start), kind };
        }
        Ok(value)
    }

    /// A group or a sequence.
    fn parenthesized_pattern(&mut self, start: Start) -> Parse<Pattern<'a>> {
        self.bump();
        let base = self.scratch.patterns.len();
        let mut group = false;
        while !self.at(TokenKind::RParen) {
            let star = self.at(TokenKind::Mult);
            let pattern = self.maybe_star_pattern()?;
            let first = self.scratch.patterns.len() == base;
            self.scratch.patterns.push(pattern);
            if !self.eat(TokenKind::Comma) {
                if first && star {
                    return Err(Fail);
                }
                group = first;
                break;
            }
        }
        self.expect(TokenKind::RParen)?;
        if group {
            return self.scratch.patterns.pop().ok_or(Fail);
        }
        let patterns = self.take_patterns(base);
        Ok(Pattern { location: self.since(start), kind: PatternKind::MatchSequence { patterns } })
    }

    fn pattern_list(&mut self, close: TokenKind) -> Parse<&'a [Pattern<'a>]> {
        let base = self.scratch.patterns.len();
        while !self.at(close) {
            let pattern = self.maybe_star_pattern()?;
            self.scratch.patterns.push(pattern);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(close)?;
        Ok(self.take_patterns(base))
    }

    fn mapping_pattern(&mut self) -> Parse<PatternKind<'a>> {
        self.bump();
        let (keys, patterns) = (self.scratch.exprs.len(), self.scratch.patterns.len());
        let mut rest = None;
        while !self.at(TokenKind::RBrace) {
            if self.eat(TokenKind::Pow) {
                if self.at_wildcard() {
                    return Err(Fail);
                }
                rest = Some(self.name()?);
                self.eat(TokenKind::Comma);
                break;
            }
            let key = self.mapping_key()?;
            self.scratch.exprs.push(key);
            self.expect(TokenKind::Colon)?;
            let pattern = self.pattern()?;
            self.scratch.patterns.push(pattern);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RBrace)?;
        let mapping =
            MatchMapping { keys: self.take_exprs(keys), patterns: self.take_patterns(patterns), rest };
        Ok(PatternKind::MatchMapping(self.alloc(mapping)))
    }

    fn mapping_key(&mut self) -> Parse<Expr<'a>> {
        match self.current.kind {
            TokenKind::Name => {
                let key = self.name_or_attribute()?;
                if matches!(key.kind, ExprKind::Name { .. }) { Err(Fail) } else { Ok(key) }
            }
            TokenKind::None | TokenKind::True | TokenKind::False => self.atom(),
            _ => self.literal_value(),
        }
    }

    fn class_pattern(&mut self, cls: Expr<'a>) -> Parse<PatternKind<'a>> {
        self.bump();
        let (base, attrs) = (self.scratch.patterns.len(), self.scratch.ids.len());
        let mut positional = 0;
        while !self.at(TokenKind::RParen) {
            if self.at(TokenKind::Name) && self.peek() == TokenKind::Assign {
                if positional > 0 && self.scratch.ids.len() == attrs && self.at_wildcard() {
                    // CPython takes it for one more pattern by position, and does not come back.
                    return Err(Fail);
                }
                let attr = self.name()?;
                self.bump();
                self.scratch.ids.push(attr);
            } else if self.scratch.ids.len() > attrs {
                return Err(Fail);
            } else {
                positional += 1;
            }
            let pattern = self.pattern()?;
            self.scratch.patterns.push(pattern);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RParen)?;
        let (patterns, kwd_patterns) = self.take_patterns(base).split_at(positional);
        let kwd_attrs = self.take_ids(attrs);
        Ok(PatternKind::MatchClass(self.alloc(MatchClass { cls, patterns, kwd_attrs, kwd_patterns })))
    }
}

fn is_imaginary(expr: &Expr<'_>) -> bool {
    matches!(expr.kind, ExprKind::Constant { value: Literal::Complex(_), .. })
}
