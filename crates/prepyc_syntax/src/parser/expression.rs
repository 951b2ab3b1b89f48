//! Expressions down to primaries. Grammar: from `star_expressions` to `primary`, and comprehensions' clauses.

use super::{Fail, Parse, Parser, Start};
use crate::ast::{
    BoolOp, Call, CmpOp, Compare, Comprehension, Expr, ExprContext, ExprKind, Generators, IfExp,
};
use crate::ast::{Operator, Slice, UnaryOp};
use crate::lexer::token::{TokenKind, level};

/// Whether an expression, starred or not, can start with such a token.
pub(super) fn starts_expression(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        kind,
        T::Name
            | T::Number
            | T::String
            | T::FStringStart
            | T::TStringStart
            | T::LParen
            | T::LBracket
            | T::LBrace
            | T::Ellipsis
            | T::Tilde
            | T::Not
            | T::Add
            | T::Sub
            | T::Mult
            | T::False
            | T::None
            | T::True
            | T::Await
            | T::Lambda
    )
}

/// Whether the expression, whose first token starts there, is one that `|` could take without parentheses around it.
pub(super) fn is_bitwise_or(start: Start, expr: &Expr<'_>) -> bool {
    let loose = matches!(
        expr.kind,
        ExprKind::BoolOp { .. }
            | ExprKind::UnaryOp { op: UnaryOp::Not, .. }
            | ExprKind::Compare(_)
            | ExprKind::IfExp(_)
            | ExprKind::Lambda { .. }
    );
    !(loose && start.is_of(expr))
}

impl<'a> Parser<'a, '_> {
    /// `star_expressions`: one, or a tuple without parentheses.
    #[inline]
    pub(super) fn star_expressions(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let first = self.star_expression();
        if self.at(TokenKind::Comma) { self.rest_of_tuple(start, first?) } else { first }
    }

    /// `annotated_rhs`: the same, or `yield`.
    pub(super) fn yield_or_star_expressions(&mut self) -> Parse<Expr<'a>> {
        if self.at(TokenKind::Yield) { self.yield_expression() } else { self.star_expressions() }
    }

    /// A tuple without parentheses, behind its first element.
    fn rest_of_tuple(&mut self, start: Start, first: Expr<'a>) -> Parse<Expr<'a>> {
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        while self.eat(TokenKind::Comma) && starts_expression(self.current.kind) {
            let element = self.star_expression()?;
            self.scratch.exprs.push(element);
        }
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Tuple { elts, ctx: ExprContext::Load } })
    }

    /// `star_expression`: `*` of a bitwise or, or an expression.
    #[inline]
    pub(super) fn star_expression(&mut self) -> Parse<Expr<'a>> {
        if self.at(TokenKind::Mult) { self.starred(Parser::bitwise_or) } else { self.expression() }
    }

    /// `star_named_expression`: as an element of a list.
    #[inline]
    pub(super) fn star_named_expression(&mut self) -> Parse<Expr<'a>> {
        if self.at(TokenKind::Mult) { self.starred(Parser::bitwise_or) } else { self.named_expression() }
    }

    /// `*` and what it stars.
    pub(super) fn starred(&mut self, operand: fn(&mut Self) -> Parse<Expr<'a>>) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        let value = operand(self)?;
        let kind = ExprKind::Starred { value: self.alloc(value), ctx: ExprContext::Load };
        Ok(Expr { location: self.since(start), kind })
    }

    pub(super) fn yield_expression(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        let kind = if self.eat(TokenKind::From) {
            let value = self.expression()?;
            ExprKind::YieldFrom { value: self.alloc(value) }
        } else if starts_expression(self.current.kind) {
            let value = self.star_expressions()?;
            ExprKind::Yield { value: Some(self.alloc(value)) }
        } else {
            ExprKind::Yield { value: None }
        };
        Ok(Expr { location: self.since(start), kind })
    }

    /// `named_expression`: an expression, or `name := expression`.
    #[inline(always)]
    pub(super) fn named_expression(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let first = self.current.kind;
        let expr = self.expression();
        if self.at(TokenKind::ColonAssign) { self.walrus(start, first, expr?) } else { expr }
    }

    /// `:=` and what it assigns, behind an expression that starts with such a token.
    #[inline(never)]
    fn walrus(&mut self, start: Start, first: TokenKind, expr: Expr<'a>) -> Parse<Expr<'a>> {
        // With parentheses around the name the first token would not be a name.
        let (TokenKind::Name, ExprKind::Name { id, .. }) = (first, expr.kind) else { return Err(Fail) };
        self.bump();
        let target = Expr { location: expr.location, kind: ExprKind::Name { id, ctx: ExprContext::Store } };
        let value = self.expression()?;
        let kind = ExprKind::NamedExpr { target: self.alloc(target), value: self.alloc(value) };
        Ok(Expr { location: self.since(start), kind })
    }

    /// `expression`: a disjunction, a conditional expression or a lambda.
    #[inline(always)]
    pub(super) fn expression(&mut self) -> Parse<Expr<'a>> {
        // What is not looked at on the way need not be moved: most expressions are operands and nothing more.
        let start = self.start();
        let body = self.binary(level::EXPRESSION);
        if self.at(TokenKind::If) { self.conditional(start, body?) } else { body }
    }

    #[inline(never)]
    fn conditional(&mut self, start: Start, body: Expr<'a>) -> Parse<Expr<'a>> {
        self.bump();
        let test = self.binary(level::OR)?;
        self.expect(TokenKind::Else)?;
        self.enter()?;
        let orelse = self.expression()?;
        self.leave();
        let kind = ExprKind::IfExp(self.alloc(IfExp { test, body, orelse }));
        Ok(Expr { location: self.since(start), kind })
    }

    fn lambda(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        // A default may be a lambda as well.
        self.enter()?;
        let args = self.lambda_parameters()?;
        self.expect(TokenKind::Colon)?;
        let body = self.expression()?;
        self.leave();
        let kind = ExprKind::Lambda { args, body: self.alloc(body) };
        Ok(Expr { location: self.since(start), kind })
    }

    pub(super) fn disjunction(&mut self) -> Parse<Expr<'a>> {
        self.binary(level::OR)
    }

    pub(super) fn bitwise_or(&mut self) -> Parse<Expr<'a>> {
        self.binary(level::BIT_OR)
    }

    /// Operators that bind at least as tightly as `lowest`, and what they bind.
    fn binary(&mut self, lowest: u8) -> Parse<Expr<'a>> {
        let start = self.start();
        if self.at(TokenKind::Name) {
            // Most operands are names, and most of these stand alone.
            let location = self.current.location;
            let kind = ExprKind::Name { id: self.current.name, ctx: ExprContext::Load };
            self.bump();
            if !self.current.kind.continues_operand() {
                return Ok(Expr { location, kind });
            }
            return self.after_atom(start, Expr { location, kind }, lowest);
        }
        let left = match self.current.kind {
            TokenKind::Not if lowest <= level::NOT => self.not()?,
            TokenKind::Add | TokenKind::Sub | TokenKind::Tilde => self.unary()?,
            TokenKind::Lambda if lowest == level::EXPRESSION => return self.lambda(),
            TokenKind::Await => self.power()?,
            _ => {
                let atom = self.atom();
                if self.current.kind.continues_operand() {
                    return self.after_atom(start, atom?, lowest);
                }
                return atom;
            }
        };
        self.operations(start, left, lowest)
    }

    /// What an atom is the beginning of, up to operators that bind less tightly than `lowest`.
    #[inline(never)]
    fn after_atom(&mut self, start: Start, atom: Expr<'a>, lowest: u8) -> Parse<Expr<'a>> {
        let primary =
            if self.current.kind.continues_primary() { self.trailers(start, atom) } else { Ok(atom) };
        if !self.current.kind.continues_operand() {
            return primary;
        }
        let left = if self.at(TokenKind::Pow) { self.power_of(start, primary?)? } else { primary? };
        self.operations(start, left, lowest)
    }

    /// The operators behind their first operand.
    #[inline(never)]
    fn operations(&mut self, start: Start, mut left: Expr<'a>, lowest: u8) -> Parse<Expr<'a>> {
        loop {
            let level = self.current.kind.level();
            if level < lowest || level == level::NONE {
                return Ok(left);
            }
            left = match level {
                level::OR => self.bool_op(start, left, BoolOp::Or, TokenKind::Or, level::AND)?,
                level::AND => self.bool_op(start, left, BoolOp::And, TokenKind::And, level::NOT)?,
                level::COMPARE => self.comparison(start, left)?,
                _ => {
                    let op = self.current.kind.operator().ok_or(Fail)?;
                    self.bump();
                    let right = self.binary(level + 1)?;
                    let kind = ExprKind::BinOp { left: self.alloc(left), op, right: self.alloc(right) };
                    Expr { location: self.since(start), kind }
                }
            };
        }
    }

    fn bool_op(
        &mut self,
        start: Start,
        left: Expr<'a>,
        op: BoolOp,
        token: TokenKind,
        next: u8,
    ) -> Parse<Expr<'a>> {
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(left);
        while self.eat(token) {
            let value = self.binary(next)?;
            self.scratch.exprs.push(value);
        }
        let values = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::BoolOp { op, values } })
    }

    fn comparison(&mut self, start: Start, left: Expr<'a>) -> Parse<Expr<'a>> {
        let base = self.scratch.exprs.len();
        let mut ops = [CmpOp::Eq; 8];
        let mut more_ops = Vec::new();
        while self.current.kind.level() == level::COMPARE {
            let op = self.comparison_operator()?;
            let count = self.scratch.exprs.len() - base;
            match ops.get_mut(count) {
                Some(slot) => *slot = op,
                None => more_ops.push(op),
            }
            let right = self.binary(level::BIT_OR)?;
            self.scratch.exprs.push(right);
        }
        let comparators = self.take_exprs(base);
        let ops = if more_ops.is_empty() {
            self.arena.alloc_slice_copy(&ops[..comparators.len()])
        } else {
            self.arena
                .alloc_slice_fill_iter(ops.into_iter().chain(more_ops.iter().copied()).collect::<Vec<_>>())
        };
        let kind = ExprKind::Compare(self.alloc(Compare { left, ops, comparators }));
        Ok(Expr { location: self.since(start), kind })
    }

    fn comparison_operator(&mut self) -> Parse<CmpOp> {
        let op = match self.current.kind {
            TokenKind::Eq => CmpOp::Eq,
            TokenKind::NotEq => {
                let expected = if self.flufl { "<>" } else { "!=" };
                if self.lexer.text(&self.current) != expected {
                    return Err(Fail);
                }
                CmpOp::NotEq
            }
            TokenKind::Lt => CmpOp::Lt,
            TokenKind::LtE => CmpOp::LtE,
            TokenKind::Gt => CmpOp::Gt,
            TokenKind::GtE => CmpOp::GtE,
            TokenKind::In => CmpOp::In,
            TokenKind::Is => {
                self.bump();
                return Ok(if self.eat(TokenKind::Not) { CmpOp::IsNot } else { CmpOp::Is });
            }
            TokenKind::Not => {
                self.bump();
                self.expect(TokenKind::In)?;
                return Ok(CmpOp::NotIn);
            }
            _ => return Err(Fail),
        };
        self.bump();
        Ok(op)
    }

    fn not(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        self.enter()?;
        let operand = self.binary(level::NOT)?;
        self.leave();
        let kind = ExprKind::UnaryOp { op: UnaryOp::Not, operand: self.alloc(operand) };
        Ok(Expr { location: self.since(start), kind })
    }

    /// `factor`: signs and `~`, or a power.
    fn unary(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let op = match self.current.kind {
            TokenKind::Add => UnaryOp::UAdd,
            TokenKind::Sub => UnaryOp::USub,
            TokenKind::Tilde => UnaryOp::Invert,
            _ => return self.power(),
        };
        self.bump();
        self.enter()?;
        let operand = self.unary()?;
        self.leave();
        let kind = ExprKind::UnaryOp { op, operand: self.alloc(operand) };
        Ok(Expr { location: self.since(start), kind })
    }

    fn power(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let base = if self.at(TokenKind::Await) { self.await_()? } else { self.primary()? };
        if self.at(TokenKind::Pow) { self.power_of(start, base) } else { Ok(base) }
    }

    /// `**` and the exponent, behind the base.
    #[inline(never)]
    fn power_of(&mut self, start: Start, base: Expr<'a>) -> Parse<Expr<'a>> {
        self.bump();
        self.enter()?;
        let exponent = self.unary()?;
        self.leave();
        let kind = ExprKind::BinOp { left: self.alloc(base), op: Operator::Pow, right: self.alloc(exponent) };
        Ok(Expr { location: self.since(start), kind })
    }

    fn await_(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        self.bump();
        let value = self.primary()?;
        let kind = ExprKind::Await { value: self.alloc(value) };
        Ok(Expr { location: self.since(start), kind })
    }

    /// An atom and the attributes, calls and subscripts behind it.
    #[inline(always)]
    pub(super) fn primary(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let value = self.atom();
        if self.current.kind.continues_primary() { self.trailers(start, value?) } else { value }
    }

    /// The attributes, calls and subscripts behind an atom, the first of which is here.
    ///
    /// Each kind returns on its own, for to bring them together first would mean to move what has just been written.
    fn trailers(&mut self, start: Start, mut value: Expr<'a>) -> Parse<Expr<'a>> {
        loop {
            value = match self.current.kind {
                TokenKind::Dot => {
                    let value = self.alloc(value);
                    self.bump();
                    let attr = self.name()?;
                    let kind = ExprKind::Attribute { value, attr, ctx: ExprContext::Load };
                    let location = self.since(start);
                    if !self.current.kind.continues_primary() {
                        return Ok(Expr { location, kind });
                    }
                    Expr { location, kind }
                }
                TokenKind::LParen => {
                    self.enter()?;
                    let (args, keywords) = self.call_arguments()?;
                    self.leave();
                    let kind = ExprKind::Call(self.alloc(Call { func: value, args, keywords }));
                    let location = self.since(start);
                    if !self.current.kind.continues_primary() {
                        return Ok(Expr { location, kind });
                    }
                    Expr { location, kind }
                }
                TokenKind::LBracket => {
                    let value = self.alloc(value);
                    self.bump();
                    self.enter()?;
                    let slice = self.slices()?;
                    self.leave();
                    self.expect(TokenKind::RBracket)?;
                    let kind =
                        ExprKind::Subscript { value, slice: self.alloc(slice), ctx: ExprContext::Load };
                    Expr { location: self.since(start), kind }
                }
                _ => return Ok(value),
            };
        }
    }

    /// What stands between a subscript's brackets.
    fn slices(&mut self) -> Parse<Expr<'a>> {
        let start = self.start();
        let first_is_starred = self.at(TokenKind::Mult);
        let first = self.slice()?;
        if !self.at(TokenKind::Comma) && !first_is_starred {
            return Ok(first);
        }
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        while self.eat(TokenKind::Comma) && !self.at(TokenKind::RBracket) {
            let element = self.slice()?;
            self.scratch.exprs.push(element);
        }
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Tuple { elts, ctx: ExprContext::Load } })
    }

    fn slice(&mut self) -> Parse<Expr<'a>> {
        if self.at(TokenKind::Mult) {
            return self.starred(Parser::expression);
        }
        let start = self.start();
        let lower = if self.at(TokenKind::Colon) { None } else { Some(self.named_expression()?) };
        if !self.at(TokenKind::Colon) {
            return lower.ok_or(Fail);
        }
        if let Some(walrus @ Expr { kind: ExprKind::NamedExpr { .. }, .. }) = lower {
            // `a[b := c : d]` is none, `a[(b := c) : d]` is one: the parenthesis comes before the expression.
            if start.is_of(&walrus) {
                return Err(Fail);
            }
        }
        self.bump();
        let upper = self.slice_bound()?;
        let step = if self.eat(TokenKind::Colon) { self.slice_bound()? } else { None };
        let kind = ExprKind::Slice(self.alloc(Slice { lower, upper, step }));
        Ok(Expr { location: self.since(start), kind })
    }

    fn slice_bound(&mut self) -> Parse<Option<Expr<'a>>> {
        if matches!(self.current.kind, TokenKind::Colon | TokenKind::Comma | TokenKind::RBracket) {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    /// Whether a comprehension's `for` is next.
    #[inline]
    pub(super) fn at_comprehension(&self) -> bool {
        matches!(self.current.kind, TokenKind::For | TokenKind::Async)
    }

    /// `for_if_clauses`
    pub(super) fn comprehension_clauses(&mut self) -> Parse<&'a Generators<'a>> {
        let base = self.scratch.comprehensions.len();
        while self.at_comprehension() {
            let is_async = self.eat(TokenKind::Async);
            self.expect(TokenKind::For)?;
            let target = self.star_targets()?;
            self.expect(TokenKind::In)?;
            let iter = self.disjunction()?;
            let ifs_base = self.scratch.exprs.len();
            while self.eat(TokenKind::If) {
                let condition = self.disjunction()?;
                self.scratch.exprs.push(condition);
            }
            let ifs = self.take_exprs(ifs_base);
            self.scratch.comprehensions.push(Comprehension { target, iter, ifs, is_async });
        }
        let generators = self.take_comprehensions(base);
        Ok(self.alloc(generators))
    }
}
