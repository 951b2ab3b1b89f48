//! Targets: parsed as expressions, then checked and turned from loads into stores or deletions.

use super::expression::starts_expression;
use super::{Fail, Parse, Parser};
use crate::ast::{Expr, ExprContext, ExprKind};
use crate::lexer::token::TokenKind;

impl<'a> Parser<'a, '_> {
    /// `star_targets`: what stands between `for` and `in`.
    pub(super) fn star_targets(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let first = self.star_target()?;
        if !self.at(TokenKind::Comma) {
            return Ok(first);
        }
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        while self.eat(TokenKind::Comma) && starts_expression(self.current.kind) {
            let element = self.star_target()?;
            self.scratch.exprs.push(element);
        }
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Tuple { elts, ctx: ExprContext::Store } })
    }

    /// `star_target`
    pub(super) fn star_target(&mut self) -> Parse<Expr<'a>> {
        let expr = if self.at(TokenKind::Mult) { self.starred(Parser::primary)? } else { self.primary()? };
        self.turn_into_target(expr, ExprContext::Store)
    }

    /// The expression as a target of assignment or deletion.
    pub(super) fn turn_into_target(&mut self, expr: Expr<'a>, ctx: ExprContext) -> Parse<Expr<'a>> {
        let kind = match expr.kind {
            ExprKind::Name { id, .. } => ExprKind::Name { id, ctx },
            ExprKind::Attribute { value, attr, .. } => ExprKind::Attribute { value, attr, ctx },
            ExprKind::Subscript { value, slice, .. } => ExprKind::Subscript { value, slice, ctx },
            ExprKind::Starred { value, .. } if ctx == ExprContext::Store => {
                let value = self.turn_into_target(*value, ctx)?;
                ExprKind::Starred { value: self.alloc(value), ctx }
            }
            ExprKind::List { elts, .. } => ExprKind::List { elts: self.turn_into_targets(elts, ctx)?, ctx },
            ExprKind::Tuple { elts, .. } => ExprKind::Tuple { elts: self.turn_into_targets(elts, ctx)?, ctx },
            _ => return Err(Fail),
        };
        Ok(Expr { location: expr.location, kind })
    }

    fn turn_into_targets(&mut self, exprs: &'a [Expr<'a>], ctx: ExprContext) -> Parse<&'a [Expr<'a>]> {
        let base = self.scratch.exprs.len();
        for &expr in exprs {
            let target = self.turn_into_target(expr, ctx)?;
            self.scratch.exprs.push(target);
        }
        Ok(self.take_exprs(base))
    }
}
