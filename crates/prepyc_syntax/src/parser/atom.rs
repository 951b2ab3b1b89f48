//! Atoms: names, literals and displays. Grammar: `atom` and what it may be.

use super::expression::is_bitwise_or;
use super::{Fail, Parse, Parser, Start};
use crate::ast::{ConstantKind, Dict, DictComp, Expr, ExprContext, ExprKind, Literal};
use crate::lexer::token::TokenKind;
use crate::literal::number;

impl<'a> Parser<'a, '_> {
    #[inline(always)]
    pub(super) fn atom(&mut self) -> Parse<Expr<'a>> {
        let kind = match self.current.kind {
            TokenKind::Name => ExprKind::Name { id: self.current.name, ctx: ExprContext::Load },
            TokenKind::Number => return self.number_alone(),
            TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart => return self.strings(),
            TokenKind::True => constant(Literal::True),
            TokenKind::False => constant(Literal::False),
            TokenKind::None => constant(Literal::None),
            TokenKind::Ellipsis => constant(Literal::Ellipsis),
            TokenKind::LParen => return self.nested(Parser::parenthesized),
            TokenKind::LBracket => return self.nested(Parser::list),
            TokenKind::LBrace => return self.nested(Parser::braced),
            _ => return Err(Fail),
        };
        let expr = Ok(Expr { location: self.current.location, kind });
        self.bump();
        expr
    }

    #[inline(never)]
    fn number_alone(&mut self) -> Parse<Expr<'a>> {
        let (location, kind) = (self.current.location, constant(self.number()?));
        self.bump();
        Ok(Expr { location, kind })
    }

    #[inline(never)]
    fn nested(&mut self, display: fn(&mut Self) -> Parse<Expr<'a>>) -> Parse<Expr<'a>> {
        self.enter()?;
        let expr = display(self)?;
        self.leave();
        Ok(expr)
    }

    /// The value of the number that the current token is.
    pub(super) fn number(&mut self) -> Parse<Literal<'a>> {
        match number::parse(self.lexer.text(&self.current), self.arena) {
            Ok(literal) => Ok(literal),
            Err(digits) => {
                self.error = Some(Box::new(self.lexer.too_many_digits(&self.current, digits)));
                Err(Fail)
            }
        }
    }

    /// `(…)`: a group, a tuple or a generator expression.
    fn parenthesized(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(TokenKind::RParen) {
            return Ok(Expr {
                location: self.since(start),
                kind: ExprKind::Tuple { elts: &[], ctx: ExprContext::Load },
            });
        }
        if self.at(TokenKind::Yield) {
            let value = self.yield_expression()?;
            self.expect(TokenKind::RParen)?;
            return Ok(value);
        }
        if self.at(TokenKind::Mult) {
            return self.parenthesized_starred(start);
        }
        let first = self.named_expression()?;
        match self.current.kind {
            TokenKind::RParen => {
                self.bump();
                Ok(first)
            }
            TokenKind::Comma => self.rest_of_parenthesized_tuple(start, first),
            _ => self.generator(start, first),
        }
    }

    /// `(*x, …)`, or `(*x for …)`, in which `x` may be any expression.
    fn parenthesized_starred(&mut self, start: Start) -> Parse<Expr<'a>> {
        let first_start = self.start();
        self.bump();
        let operand_start = self.start();
        let value = self.expression()?;
        let kind = ExprKind::Starred { value: self.alloc(value), ctx: ExprContext::Load };
        let first = Expr { location: self.since(first_start), kind };
        if self.at_comprehension() {
            return self.generator(start, first);
        }
        if !self.at(TokenKind::Comma) || !is_bitwise_or(operand_start, &value) {
            return Err(Fail);
        }
        self.rest_of_parenthesized_tuple(start, first)
    }

    fn rest_of_parenthesized_tuple(&mut self, start: Start, first: Expr<'a>) -> Parse<Expr<'a>> {
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        self.elements(TokenKind::RParen)?;
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Tuple { elts, ctx: ExprContext::Load } })
    }

    /// The generator expression that started there, behind what it yields.
    pub(super) fn generator(&mut self, start: Start, elt: Expr<'a>) -> Parse<Expr<'a>> {
        let generators = self.comprehension_after(&elt)?;
        self.expect(TokenKind::RParen)?;
        let kind = ExprKind::GeneratorExp { elt: self.alloc(elt), generators };
        Ok(Expr { location: self.since(start), kind })
    }

    /// The clauses of a comprehension over that element.
    fn comprehension_after(&mut self, elt: &Expr<'a>) -> Parse<&'a crate::ast::Generators<'a>> {
        let starred = matches!(elt.kind, ExprKind::Starred { .. });
        if !self.at_comprehension() || starred && !self.grammar.comprehension_unpacking {
            return Err(Fail);
        }
        self.comprehension_clauses()
    }

    /// Pushes the further elements, from the comma on, and consumes the closing bracket.
    fn elements(&mut self, close: TokenKind) -> Parse<()> {
        while self.eat(TokenKind::Comma) {
            if self.at(close) {
                break;
            }
            let element = self.star_named_expression()?;
            self.scratch.exprs.push(element);
        }
        self.expect(close)
    }

    fn list(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(TokenKind::RBracket) {
            return Ok(Expr {
                location: self.since(start),
                kind: ExprKind::List { elts: &[], ctx: ExprContext::Load },
            });
        }
        let first = self.star_named_expression()?;
        if self.at_comprehension() {
            let generators = self.comprehension_after(&first)?;
            self.expect(TokenKind::RBracket)?;
            let kind = ExprKind::ListComp { elt: self.alloc(first), generators };
            return Ok(Expr { location: self.since(start), kind });
        }
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        self.elements(TokenKind::RBracket)?;
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::List { elts, ctx: ExprContext::Load } })
    }

    /// `{…}`: a dict, a set or a comprehension of either.
    fn braced(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        match self.current.kind {
            TokenKind::RBrace => self.dict(start),
            TokenKind::Pow => self.dict_from_unpacking(start),
            TokenKind::Mult => {
                let first = self.star_named_expression()?;
                self.set(start, first)
            }
            _ => {
                let first_start = self.start();
                let first = self.named_expression()?;
                // `{a := b : c}` is nothing, but `{(a := b): c}` is a dict.
                let walrus = matches!(first.kind, ExprKind::NamedExpr { .. }) && first_start.is_of(&first);
                if self.at(TokenKind::Colon) && !walrus {
                    self.dict_from_key(start, first)
                } else {
                    self.set(start, first)
                }
            }
        }
    }

    fn set(&mut self, start: Start, first: Expr<'a>) -> Parse<Expr<'a>> {
        if self.at_comprehension() {
            let generators = self.comprehension_after(&first)?;
            self.expect(TokenKind::RBrace)?;
            let kind = ExprKind::SetComp { elt: self.alloc(first), generators };
            return Ok(Expr { location: self.since(start), kind });
        }
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        self.elements(TokenKind::RBrace)?;
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Set { elts } })
    }

    /// A dict that starts with `key`, at its colon.
    fn dict_from_key(&mut self, start: Start, key: Expr<'a>) -> Parse<Expr<'a>> {
        self.bump();
        let value = self.expression()?;
        if self.at_comprehension() {
            return self.dict_comprehension(start, key, Some(value));
        }
        self.rest_of_dict(start, Some(key), value)
    }

    /// A dict that starts with `**`.
    fn dict_from_unpacking(&mut self, start: Start) -> Parse<Expr<'a>> {
        self.bump();
        let value_start = self.start();
        let value = self.expression()?;
        match self.current.kind {
            TokenKind::Comma | TokenKind::RBrace if is_bitwise_or(value_start, &value) => {
                self.rest_of_dict(start, None, value)
            }
            // `{**key for …}`, whose key may be any expression.
            _ if self.at_comprehension() && self.grammar.comprehension_unpacking => {
                self.dict_comprehension(start, value, None)
            }
            _ => Err(Fail),
        }
    }

    fn dict_comprehension(
        &mut self,
        start: Start,
        key: Expr<'a>,
        value: Option<Expr<'a>>,
    ) -> Parse<Expr<'a>> {
        let generators = *self.comprehension_clauses()?;
        self.expect(TokenKind::RBrace)?;
        let kind = ExprKind::DictComp(self.alloc(DictComp { key, value, generators }));
        Ok(Expr { location: self.since(start), kind })
    }

    fn dict(&mut self, start: Start) -> Parse<Expr<'a>> {
        self.expect(TokenKind::RBrace)?;
        let kind = ExprKind::Dict(self.alloc(Dict { keys: &[], values: &[] }));
        Ok(Expr { location: self.since(start), kind })
    }

    fn rest_of_dict(&mut self, start: Start, key: Option<Expr<'a>>, value: Expr<'a>) -> Parse<Expr<'a>> {
        let (keys, values) = (self.scratch.keys.len(), self.scratch.exprs.len());
        self.scratch.keys.push(key);
        self.scratch.exprs.push(value);
        while self.eat(TokenKind::Comma) {
            if self.at(TokenKind::RBrace) {
                break;
            }
            let (key, value) = if self.eat(TokenKind::Pow) {
                (None, self.bitwise_or()?)
            } else {
                let key = self.expression()?;
                self.expect(TokenKind::Colon)?;
                (Some(key), self.expression()?)
            };
            self.scratch.keys.push(key);
            self.scratch.exprs.push(value);
        }
        self.expect(TokenKind::RBrace)?;
        let dict = Dict { keys: self.take_keys(keys), values: self.take_exprs(values) };
        Ok(Expr { location: self.since(start), kind: ExprKind::Dict(self.alloc(dict)) })
    }
}

/// A constant that is not a string with a `u` before it.
pub(super) fn constant(value: Literal<'_>) -> ExprKind<'_> {
    ExprKind::Constant { value, kind: ConstantKind::Plain }
}
