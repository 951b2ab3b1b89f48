//! Statements with blocks. Grammar: `compound_stmt` and what it may be.

use super::expression::starts_expression;
use super::{Fail, Parse, Parser, Start};
use crate::ast::{
    ClassDef, ExceptHandler, Expr, ExprContext, ExprKind, For, FunctionDef, If, MatchCase, Stmt,
};
use crate::ast::{StmtKind, Try, While, With, WithItem};
use crate::lexer::token::TokenKind;

/// So many `elif`s CPython's parser, which nests them, can follow in a module of 3.13 to 3.15; deeper in a few less.
const MAX_ELIFS: usize = 5965;

impl<'a> Parser<'a, '_> {
    /// One compound statement or a line of simple ones, pushed.
    #[inline]
    pub(super) fn statement(&mut self) -> Parse<()> {
        let start = self.start();
        let kind = self.current.kind;
        let statement = match kind {
            TokenKind::If => self.if_statement(start)?,
            TokenKind::Def => self.function(start, &[])?,
            TokenKind::Class => self.class(start, &[])?,
            TokenKind::MatMult => self.decorated()?,
            TokenKind::For => self.for_statement(start, StmtKind::For)?,
            TokenKind::With => self.with_statement(start, StmtKind::With)?,
            TokenKind::Try => self.try_statement(start)?,
            TokenKind::While => self.while_statement(start)?,
            TokenKind::Async => self.async_statement(start, &[])?,
            TokenKind::Name if self.at_match() => self.match_statement(start)?,
            _ => return self.simple_statements(),
        };
        self.scratch.stmts.push(statement);
        Ok(())
    }

    /// `block`, behind its colon.
    fn block(&mut self) -> Parse<&'a [Stmt<'a>]> {
        let base = self.scratch.stmts.len();
        if self.eat(TokenKind::Newline) {
            self.expect(TokenKind::Indent)?;
            self.enter()?;
            while !self.eat(TokenKind::Dedent) {
                self.statement()?;
            }
            self.leave();
        } else {
            self.simple_statements()?;
        }
        Ok(self.take_stmts(base))
    }

    fn colon_and_block(&mut self) -> Parse<&'a [Stmt<'a>]> {
        self.expect(TokenKind::Colon)?;
        self.block()
    }

    fn else_block(&mut self) -> Parse<&'a [Stmt<'a>]> {
        if self.eat(TokenKind::Else) { self.colon_and_block() } else { Ok(&[]) }
    }

    /// `if`, its `elif`s and its `else`: read one after the other, nested from the last on.
    fn if_statement(&mut self, start: Start) -> Parse<Stmt<'a>> {
        self.bump();
        let test = self.named_expression()?;
        let body = self.colon_and_block()?;
        let mut elifs = Vec::new();
        while self.at(TokenKind::Elif) {
            if elifs.len() == MAX_ELIFS {
                self.too_deep()?;
            }
            let start = self.start();
            self.bump();
            let test = self.named_expression()?;
            elifs.push((start, test, self.colon_and_block()?));
        }
        let mut orelse = self.else_block()?;
        for (start, test, body) in elifs.into_iter().rev() {
            let kind = StmtKind::If(self.alloc(If { test, body, orelse }));
            orelse =
                std::slice::from_ref(self.alloc(Stmt { location: self.since_before_block(start), kind }));
        }
        let kind = StmtKind::If(self.alloc(If { test, body, orelse }));
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    fn while_statement(&mut self, start: Start) -> Parse<Stmt<'a>> {
        self.bump();
        let test = self.named_expression()?;
        let body = self.colon_and_block()?;
        let orelse = self.else_block()?;
        let kind = StmtKind::While(self.alloc(While { test, body, orelse }));
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    fn for_statement(&mut self, start: Start, kind: fn(&'a For<'a>) -> StmtKind<'a>) -> Parse<Stmt<'a>> {
        self.bump();
        let target = self.star_targets()?;
        self.expect(TokenKind::In)?;
        let iter = self.star_expressions()?;
        let body = self.colon_and_block()?;
        let orelse = self.else_block()?;
        let kind = kind(self.alloc(For { target, iter, body, orelse }));
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    /// `async` and a `def`, `for` or `with`.
    fn async_statement(&mut self, start: Start, decorators: &'a [Expr<'a>]) -> Parse<Stmt<'a>> {
        self.bump();
        match self.current.kind {
            TokenKind::Def => {
                let function = self.function_definition(decorators)?;
                Ok(Stmt {
                    location: self.since_before_block(start),
                    kind: StmtKind::AsyncFunctionDef(function),
                })
            }
            TokenKind::For if decorators.is_empty() => self.for_statement(start, StmtKind::AsyncFor),
            TokenKind::With if decorators.is_empty() => self.with_statement(start, StmtKind::AsyncWith),
            _ => Err(Fail),
        }
    }

    fn decorated(&mut self) -> Parse<Stmt<'a>> {
        let base = self.scratch.exprs.len();
        while self.eat(TokenKind::MatMult) {
            let decorator = self.named_expression()?;
            self.expect(TokenKind::Newline)?;
            self.scratch.exprs.push(decorator);
        }
        let decorators = self.take_exprs(base);
        let start = self.start();
        match self.current.kind {
            TokenKind::Def => self.function(start, decorators),
            TokenKind::Class => self.class(start, decorators),
            TokenKind::Async => self.async_statement(start, decorators),
            _ => Err(Fail),
        }
    }

    fn function(&mut self, start: Start, decorators: &'a [Expr<'a>]) -> Parse<Stmt<'a>> {
        let function = self.function_definition(decorators)?;
        Ok(Stmt { location: self.since_before_block(start), kind: StmtKind::FunctionDef(function) })
    }

    fn function_definition(&mut self, decorator_list: &'a [Expr<'a>]) -> Parse<&'a FunctionDef<'a>> {
        self.bump();
        let name = self.name()?;
        let type_params = self.type_params()?;
        self.expect(TokenKind::LParen)?;
        let args = self.function_parameters()?;
        self.expect(TokenKind::RParen)?;
        let returns = if self.eat(TokenKind::Arrow) { Some(self.expression()?) } else { None };
        let returns = returns.map(|returns| self.alloc(returns));
        let body = self.colon_and_block()?;
        Ok(self.alloc(FunctionDef { name, args, body, decorator_list, returns, type_params }))
    }

    fn class(&mut self, start: Start, decorator_list: &'a [Expr<'a>]) -> Parse<Stmt<'a>> {
        self.bump();
        let name = self.name()?;
        let type_params = self.type_params()?;
        let (bases, keywords) =
            if self.at(TokenKind::LParen) { self.class_arguments()? } else { (&[][..], &[][..]) };
        let body = self.colon_and_block()?;
        let class = ClassDef { name, bases, keywords, body, decorator_list, type_params };
        let kind = StmtKind::ClassDef(self.alloc(class));
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    fn with_statement(&mut self, start: Start, kind: fn(&'a With<'a>) -> StmtKind<'a>) -> Parse<Stmt<'a>> {
        self.bump();
        let items = if self.at(TokenKind::LParen) && self.parentheses_precede(TokenKind::Colon) {
            self.parenthesized_with_items()?
        } else {
            self.with_items()?
        };
        let body = self.colon_and_block()?;
        let kind = kind(self.alloc(With { items, body }));
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    fn with_items(&mut self) -> Parse<&'a [WithItem<'a>]> {
        let base = self.scratch.with_items.len();
        loop {
            let context_expr = self.expression()?;
            let item = self.with_item_after(context_expr)?;
            self.scratch.with_items.push(item);
            if !self.eat(TokenKind::Comma) {
                return Ok(self.take_with_items(base));
            }
        }
    }

    fn with_item_after(&mut self, context_expr: Expr<'a>) -> Parse<WithItem<'a>> {
        let optional_vars = if self.eat(TokenKind::As) { Some(self.star_target()?) } else { None };
        Ok(WithItem { context_expr, optional_vars })
    }

    /// `(…)` before a colon: items with parentheses around all of them where that can be, else one item, a tuple, group or
    /// generator expression.
    fn parenthesized_with_items(&mut self) -> Parse<&'a [WithItem<'a>]> {
        let start = self.start();
        let base = self.scratch.with_items.len();
        // What no list of items can have: `()`, `yield`, `*x`, `x := y`.
        let mut only_expression = false;
        let mut has_target = false;
        let mut commas = 0;
        self.bump();
        if self.at(TokenKind::Yield) {
            let value = self.yield_expression()?;
            self.expect(TokenKind::RParen)?;
            return Ok(self.single_with_item(value));
        }
        while !self.at(TokenKind::RParen) {
            let element_start = self.start();
            let element = self.star_named_expression()?;
            if self.at_comprehension() {
                if commas > 0 {
                    return Err(Fail);
                }
                let generator = self.generator(start, element)?;
                return Ok(self.single_with_item(generator));
            }
            only_expression |= match element.kind {
                ExprKind::Starred { .. } => true,
                ExprKind::NamedExpr { .. } => element_start.is_of(&element),
                _ => false,
            };
            has_target |= self.at(TokenKind::As);
            let item = self.with_item_after(element)?;
            self.scratch.with_items.push(item);
            if !self.eat(TokenKind::Comma) {
                break;
            }
            commas += 1;
        }
        self.expect(TokenKind::RParen)?;
        if !only_expression && self.scratch.with_items.len() > base {
            return Ok(self.take_with_items(base));
        }
        if has_target {
            return Err(Fail);
        }
        let elements = self.take_with_items(base);
        if let ([item], 0) = (elements, commas) {
            return match item.context_expr.kind {
                ExprKind::Starred { .. } => Err(Fail),
                _ => Ok(elements),
            };
        }
        let elts = self.arena.alloc_slice_fill_iter(elements.iter().map(|item| item.context_expr));
        let kind = ExprKind::Tuple { elts, ctx: ExprContext::Load };
        Ok(self.single_with_item(Expr { location: self.since(start), kind }))
    }

    fn single_with_item(&self, context_expr: Expr<'a>) -> &'a [WithItem<'a>] {
        std::slice::from_ref(self.alloc(WithItem { context_expr, optional_vars: None }))
    }

    fn try_statement(&mut self, start: Start) -> Parse<Stmt<'a>> {
        self.bump();
        let body = self.colon_and_block()?;
        let base = self.scratch.handlers.len();
        let mut is_star = None;
        while self.at(TokenKind::Except) {
            let (handler, star) = self.except_handler()?;
            if *is_star.get_or_insert(star) != star {
                return Err(Fail);
            }
            self.scratch.handlers.push(handler);
        }
        let handlers = self.take_handlers(base);
        let orelse = if handlers.is_empty() { &[] } else { self.else_block()? };
        let finalbody = if self.eat(TokenKind::Finally) { self.colon_and_block()? } else { &[] };
        if handlers.is_empty() && finalbody.is_empty() {
            return Err(Fail);
        }
        let node = self.alloc(Try { body, handlers, orelse, finalbody });
        let kind = if is_star == Some(true) { StmtKind::TryStar(node) } else { StmtKind::Try(node) };
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    /// A handler, and whether it is an `except*`.
    fn except_handler(&mut self) -> Parse<(ExceptHandler<'a>, bool)> {
        let start = self.start();
        self.bump();
        let star = self.eat(TokenKind::Mult);
        if self.at(TokenKind::Colon) && star {
            return Err(Fail);
        }
        let mut type_ = None;
        let mut name = None;
        if !self.at(TokenKind::Colon) {
            let type_start = self.start();
            let first = self.expression()?;
            type_ = Some(first);
            if self.eat(TokenKind::As) {
                name = Some(self.name()?);
            } else if self.at(TokenKind::Comma) && self.grammar.except_without_parentheses {
                type_ = Some(self.rest_of_except_types(type_start, first)?);
            }
        }
        let body = self.colon_and_block()?;
        Ok((ExceptHandler { location: self.since_before_block(start), type_, name, body }, star))
    }

    /// `except A, B:`, behind the first.
    fn rest_of_except_types(&mut self, start: Start, first: Expr<'a>) -> Parse<Expr<'a>> {
        let base = self.scratch.exprs.len();
        self.scratch.exprs.push(first);
        while self.eat(TokenKind::Comma) && !self.at(TokenKind::Colon) {
            let element = self.expression()?;
            self.scratch.exprs.push(element);
        }
        let elts = self.take_exprs(base);
        Ok(Expr { location: self.since(start), kind: ExprKind::Tuple { elts, ctx: ExprContext::Load } })
    }

    /// Whether the name here is a `match` that starts a statement of that kind.
    #[inline]
    fn at_match(&mut self) -> bool {
        self.current_is("match") && self.is_match_statement()
    }

    /// Told from the token behind `match`, and where that may go either way from the line's end.
    fn is_match_statement(&mut self) -> bool {
        use TokenKind as T;
        match self.peek() {
            // Also what a call, a subscript or an operation could be continued with.
            T::LParen | T::LBracket | T::Add | T::Sub | T::Mult | T::Not => self.line_ends_in_colon(),
            next => starts_expression(next),
        }
    }

    fn match_statement(&mut self, start: Start) -> Parse<Stmt<'a>> {
        self.bump();
        let subject_start = self.start();
        let mut subject = self.star_named_expression()?;
        if self.at(TokenKind::Comma) {
            let base = self.scratch.exprs.len();
            self.scratch.exprs.push(subject);
            while self.eat(TokenKind::Comma) && !self.at(TokenKind::Colon) {
                let element = self.star_named_expression()?;
                self.scratch.exprs.push(element);
            }
            let elts = self.take_exprs(base);
            let kind = ExprKind::Tuple { elts, ctx: ExprContext::Load };
            subject = Expr { location: self.since(subject_start), kind };
        } else if matches!(subject.kind, ExprKind::Starred { .. }) {
            return Err(Fail);
        }
        self.expect(TokenKind::Colon)?;
        self.expect(TokenKind::Newline)?;
        self.expect(TokenKind::Indent)?;
        self.enter()?;
        let base = self.scratch.cases.len();
        while !self.eat(TokenKind::Dedent) {
            let case = self.match_case()?;
            self.scratch.cases.push(case);
        }
        self.leave();
        let cases = self.take_cases(base);
        let kind = StmtKind::Match { subject: self.alloc(subject), cases };
        Ok(Stmt { location: self.since_before_block(start), kind })
    }

    fn match_case(&mut self) -> Parse<MatchCase<'a>> {
        if !self.at(TokenKind::Name) || !self.current_is("case") {
            return Err(Fail);
        }
        self.bump();
        let pattern = self.patterns()?;
        let guard = if self.eat(TokenKind::If) { Some(self.named_expression()?) } else { None };
        let body = self.colon_and_block()?;
        Ok(MatchCase { pattern, guard, body })
    }

    /// Whether the bracket that is the current token is closed right before such a token.
    fn parentheses_precede(&self, kind: TokenKind) -> bool {
        let mut depth = 1;
        let mut closed = false;
        for next in self.ahead.rest(&self.lexer) {
            if closed {
                return next == kind;
            }
            match next {
                TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => depth += 1,
                TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => depth -= 1,
                TokenKind::EndMarker | TokenKind::Error => return false,
                _ => {}
            }
            closed = depth == 0;
        }
        false
    }

    /// Whether the logical line ends in a colon, outside of brackets.
    fn line_ends_in_colon(&self) -> bool {
        let mut last = TokenKind::Newline;
        for next in self.ahead.rest(&self.lexer) {
            match next {
                TokenKind::Newline => return last == TokenKind::Colon,
                TokenKind::EndMarker | TokenKind::Error => return false,
                kind => last = kind,
            }
        }
        false
    }
}
