//! Statements on one line. Grammar: `simple_stmts` and what it may be.

use super::expression::starts_expression;
use super::{Fail, Parse, Parser, Start};
use crate::ast::{AnnAssign, Expr, ExprContext, ExprKind, Operator, Stmt, StmtKind, TypeAlias};
use crate::lexer::token::TokenKind;

impl<'a> Parser<'a, '_> {
    /// `simple_stmts`: a line of statements, pushed one by one.
    #[inline]
    pub(super) fn simple_statements(&mut self) -> Parse<()> {
        loop {
            self.simple_statement()?;
            if self.eat_line_end() {
                return Ok(());
            }
            self.expect(TokenKind::Semi)?;
            if self.eat_line_end() {
                return Ok(());
            }
        }
    }

    /// One statement, pushed.
    fn simple_statement(&mut self) -> Parse<()> {
        let start = self.start();
        let kind = match self.current.kind {
            TokenKind::Pass => self.keyword_alone(StmtKind::Pass),
            TokenKind::Break => self.keyword_alone(StmtKind::Break),
            TokenKind::Continue => self.keyword_alone(StmtKind::Continue),
            TokenKind::Return => {
                self.bump();
                let value =
                    if starts_expression(self.current.kind) { Some(self.star_expressions()?) } else { None };
                StmtKind::Return { value: value.map(|value| self.alloc(value)) }
            }
            TokenKind::Raise => self.raise()?,
            TokenKind::Assert => {
                self.bump();
                let test = self.expression()?;
                let msg = if self.eat(TokenKind::Comma) { Some(self.expression()?) } else { None };
                StmtKind::Assert { test: self.alloc(test), msg: msg.map(|msg| self.alloc(msg)) }
            }
            TokenKind::Del => self.delete()?,
            TokenKind::Global => StmtKind::Global { names: self.name_list()? },
            TokenKind::Nonlocal => StmtKind::Nonlocal { names: self.name_list()? },
            TokenKind::Import | TokenKind::From => self.import_statement(None)?,
            TokenKind::Name => return self.name_statement(start),
            _ => return self.expression_statement(start),
        };
        self.push_statement(start, kind)
    }

    #[inline(always)]
    fn push_statement(&mut self, start: Start, kind: StmtKind<'a>) -> Parse<()> {
        let location = self.since(start);
        self.scratch.stmts.push(Stmt { location, kind });
        Ok(())
    }

    fn keyword_alone(&mut self, kind: StmtKind<'a>) -> StmtKind<'a> {
        self.bump();
        kind
    }

    /// A statement that starts with a name, which may be a soft keyword.
    #[inline]
    fn name_statement(&mut self, start: Start) -> Parse<()> {
        if self.grammar.type_params && self.current_is("type") && self.peek() == TokenKind::Name {
            let kind = self.type_alias()?;
            return self.push_statement(start, kind);
        }
        if self.grammar.lazy_imports
            && self.current_is("lazy")
            && matches!(self.peek(), TokenKind::Import | TokenKind::From)
        {
            let lazy = self.current;
            self.bump();
            let kind = self.import_statement(Some(lazy))?;
            return self.push_statement(start, kind);
        }
        self.expression_statement(start)
    }

    fn type_alias(&mut self) -> Parse<StmtKind<'a>> {
        self.bump();
        let location = self.current.location;
        let id = self.name()?;
        let name = Expr { location, kind: ExprKind::Name { id, ctx: ExprContext::Store } };
        let type_params = self.type_params()?;
        self.expect(TokenKind::Assign)?;
        let value = self.expression()?;
        Ok(StmtKind::TypeAlias(self.alloc(TypeAlias { name, type_params, value })))
    }

    fn raise(&mut self) -> Parse<StmtKind<'a>> {
        self.bump();
        if !starts_expression(self.current.kind) {
            return Ok(StmtKind::Raise { exc: None, cause: None });
        }
        let exc = self.expression()?;
        let cause = if self.eat(TokenKind::From) { Some(self.expression()?) } else { None };
        Ok(StmtKind::Raise { exc: Some(self.alloc(exc)), cause: cause.map(|cause| self.alloc(cause)) })
    }

    fn delete(&mut self) -> Parse<StmtKind<'a>> {
        self.bump();
        let base = self.scratch.exprs.len();
        loop {
            let expr = self.primary()?;
            let target = self.turn_into_target(expr, ExprContext::Del)?;
            self.scratch.exprs.push(target);
            if !self.eat(TokenKind::Comma) || !starts_expression(self.current.kind) {
                break;
            }
        }
        Ok(StmtKind::Delete { targets: self.take_exprs(base) })
    }

    fn name_list(&mut self) -> Parse<&'a [prepyc_bytecode::StrId]> {
        self.bump();
        let base = self.scratch.ids.len();
        loop {
            let name = self.name()?;
            self.scratch.ids.push(name);
            if !self.eat(TokenKind::Comma) {
                return Ok(self.take_ids(base));
            }
        }
    }

    /// An expression, or what turns out an assignment.
    fn expression_statement(&mut self, start: Start) -> Parse<()> {
        let first = self.current.kind;
        let expr = self.yield_or_star_expressions()?;
        let kind = match self.current.kind {
            TokenKind::Assign => return self.assignment(start, expr),
            TokenKind::Colon => self.annotated_assignment(first, expr)?,
            other => match other.augmented_operator() {
                Some(op) => self.augmented_assignment(op, expr)?,
                None => {
                    let value = self.alloc(expr);
                    return self.push_statement(start, StmtKind::Expr { value });
                }
            },
        };
        self.push_statement(start, kind)
    }

    fn assignment(&mut self, start: Start, first: Expr<'a>) -> Parse<()> {
        let base = self.scratch.exprs.len();
        let mut value = first;
        while self.eat(TokenKind::Assign) {
            let target = self.turn_into_target(value, ExprContext::Store)?;
            self.scratch.exprs.push(target);
            value = self.yield_or_star_expressions()?;
        }
        let kind = StmtKind::Assign { targets: self.take_exprs(base), value: self.alloc(value) };
        self.push_statement(start, kind)
    }

    fn augmented_assignment(&mut self, op: Operator, target: Expr<'a>) -> Parse<StmtKind<'a>> {
        let target = self.single_target(target)?;
        self.bump();
        let value = self.yield_or_star_expressions()?;
        Ok(StmtKind::AugAssign { target: self.alloc(target), op, value: self.alloc(value) })
    }

    fn annotated_assignment(&mut self, first: TokenKind, target: Expr<'a>) -> Parse<StmtKind<'a>> {
        let target = self.single_target(target)?;
        self.bump();
        let annotation = self.expression()?;
        let value = if self.eat(TokenKind::Assign) { Some(self.yield_or_star_expressions()?) } else { None };
        // With parentheses around the name the first token would not be a name.
        let simple = matches!(target.kind, ExprKind::Name { .. }) && first == TokenKind::Name;
        Ok(StmtKind::AnnAssign(self.alloc(AnnAssign { target, annotation, value, simple })))
    }

    /// The expression as a target that is a name, an attribute or a subscript.
    fn single_target(&mut self, expr: Expr<'a>) -> Parse<Expr<'a>> {
        match expr.kind {
            ExprKind::Name { .. } | ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => {
                self.turn_into_target(expr, ExprContext::Store)
            }
            _ => Err(Fail),
        }
    }
}
