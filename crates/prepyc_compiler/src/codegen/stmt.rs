//! Statements.

use prepyc_syntax::ast::{self, Expr, ExprContext, ExprKind, For, If, Operator, Stmt, StmtKind, While};

use super::condition::JumpWhen;
use super::frame_block::{FrameBlock, Top};
use super::unit::UnitKind;
use super::with_stmt::WithKind;
use super::{Codegen, Generated, place};
use crate::limits::{Limit, MAX_INSTRUCTIONS};
use crate::location::Location;
use crate::op::Op;

impl<'a> Codegen<'a, '_> {
    pub(super) fn statements(&mut self, statements: &'a [Stmt<'a>]) -> Generated {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    /// Refuses to go on where one source makes more instructions than there should be memory for.
    pub(super) fn check_size(&self) -> Generated {
        if self.unit.sequence.len() > MAX_INSTRUCTIONS { Err(Limit::Instructions.into()) } else { Ok(()) }
    }

    /// Statements that may not run.
    pub(super) fn conditional<T>(
        &mut self,
        generate: impl FnOnce(&mut Self) -> Generated<T>,
    ) -> Generated<T> {
        let outer = std::mem::replace(&mut self.unit.in_conditional_block, true);
        let result = generate(self)?;
        self.unit.in_conditional_block = outer;
        Ok(result)
    }

    fn statement(&mut self, s: &'a Stmt<'a>) -> Generated {
        self.check_size()?;
        let loc = place(s.location);
        match s.kind {
            StmtKind::FunctionDef(def) => self.function(s, def, UnitKind::Function),
            StmtKind::AsyncFunctionDef(def) => self.function(s, def, UnitKind::AsyncFunction),
            StmtKind::ClassDef(def) => self.class(s, def),
            StmtKind::TypeAlias(alias) => self.type_alias(s, alias),
            StmtKind::Return { value } => self.return_(s, value),
            StmtKind::Delete { targets } => self.expressions(targets),
            StmtKind::Assign { targets, value } => {
                self.expression(value)?;
                for (index, target) in targets.iter().enumerate() {
                    if index + 1 < targets.len() {
                        self.emit_with(Op::Copy, 1, loc);
                    }
                    self.expression(target)?;
                }
                Ok(())
            }
            StmtKind::AugAssign { target, op, value } => self.augmented(target, op, value, loc),
            StmtKind::AnnAssign(node) => self.annotated(s, node),
            StmtKind::For(node) => self.conditional(|this| this.for_(s, node)),
            StmtKind::AsyncFor(node) => self.conditional(|this| this.async_for(s, node)),
            StmtKind::While(node) => self.conditional(|this| this.while_(node, loc)),
            StmtKind::If(node) => self.conditional(|this| this.if_(node, loc)),
            StmtKind::Match { subject, cases } => self.conditional(|this| this.match_(s, subject, cases)),
            StmtKind::Raise { exc, cause } => {
                for part in [exc, cause].into_iter().flatten() {
                    self.expression(part)?;
                }
                self.emit_with(Op::RaiseVarargs, u32::from(exc.is_some()) + u32::from(cause.is_some()), loc);
                Ok(())
            }
            StmtKind::Try(node) => self.conditional(|this| this.try_(node, loc)),
            StmtKind::TryStar(node) => self.conditional(|this| this.try_star(node, loc)),
            StmtKind::Assert { test, msg } => self.assert(test, msg, s.location),
            StmtKind::Import { names, .. } => self.import(names, loc),
            StmtKind::ImportFrom(node) => self.import_from(s, node),
            StmtKind::Global { .. } | StmtKind::Nonlocal { .. } => Ok(()),
            StmtKind::Expr { value } => {
                if self.constant(value).is_some() {
                    self.emit(Op::Nop, loc);
                    return Ok(());
                }
                self.expression(value)?;
                self.emit(Op::PopTop, Location::NONE);
                Ok(())
            }
            StmtKind::Pass => {
                self.emit(Op::Nop, loc);
                Ok(())
            }
            StmtKind::Break | StmtKind::Continue => self.leave_loop(s),
            StmtKind::With(node) => self.conditional(|this| this.with(node, 0, WithKind::Plain)),
            StmtKind::AsyncWith(node) => {
                self.require_coroutine("'async with' outside async function", loc)?;
                self.conditional(|this| this.with(node, 0, WithKind::Async))
            }
        }
    }

    fn return_(&mut self, s: &'a Stmt<'a>, value: Option<&'a Expr<'a>>) -> Generated {
        let scope = self.scope();
        if !scope.kind.is_function_like() {
            return self.error("'return' outside function", s.location);
        }
        if value.is_some() && scope.coroutine && scope.generator {
            return self.error("'return' with value in async generator", s.location);
        }
        let mut loc = place(s.location);
        let constant = value.and_then(|value| self.constant(value));
        let top = if value.is_some() && constant.is_none() { Top::ReturnValue } else { Top::Nothing };
        if let Some(value) = value {
            if top == Top::ReturnValue {
                self.expression(value)?;
            } else {
                loc = self.place_of(value);
                self.emit(Op::Nop, loc);
            }
        }
        if value.is_none_or(|value| self.location_of(value).lineno != s.location.lineno) {
            loc = place(s.location);
            self.emit(Op::Nop, loc);
        }
        let loc = self.unwind_all(loc, top, s.location)?;
        match (value, constant) {
            (None, _) => self.load_none(loc),
            (_, Some(constant)) => self.load_const(constant, loc),
            _ => {}
        }
        self.emit(Op::ReturnValue, loc);
        Ok(())
    }

    fn leave_loop(&mut self, s: &'a Stmt<'a>) -> Generated {
        let loc = place(s.location);
        let is_break = matches!(s.kind, StmtKind::Break);
        self.emit(Op::Nop, loc);
        let Some((block, mut loc)) = self.unwind_to_loop(loc, s.location)? else {
            let message = if is_break { "'break' outside loop" } else { "'continue' not properly in loop" };
            return self.error(message, s.location);
        };
        let (FrameBlock::While { start, exit }
        | FrameBlock::For { start, exit }
        | FrameBlock::AsyncFor { start, exit }) = block
        else {
            unreachable!("unwinding stops at loops")
        };
        if is_break {
            loc = self.unwind(block, loc, Top::Nothing)?;
        }
        self.emit_jump(Op::Jump, if is_break { exit } else { start }, loc);
        Ok(())
    }

    fn if_(&mut self, node: &'a If<'a>, loc: Location) -> Generated {
        let end = self.new_label();
        let next = if node.orelse.is_empty() { end } else { self.new_label() };
        self.jump_if(&node.test, next, JumpWhen::False, loc)?;
        self.statements(node.body)?;
        if !node.orelse.is_empty() {
            self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
            self.use_label(next);
            self.statements(node.orelse)?;
        }
        self.use_label(end);
        Ok(())
    }

    fn while_(&mut self, node: &'a While<'a>, loc: Location) -> Generated {
        let (start, exit, orelse) = (self.new_label(), self.new_label(), self.new_label());
        self.use_target(start);
        self.push_block(FrameBlock::While { start, exit }, loc)?;
        self.jump_if(&node.test, orelse, JumpWhen::False, loc)?;
        let body = self.new_label();
        self.use_target(body);
        self.statements(node.body)?;
        if self.features.while_repeats_test {
            self.jump_if(&node.test, body, JumpWhen::True, loc)?;
        } else {
            self.emit_jump(Op::Jump, start, Location::NONE);
        }
        self.pop_block();
        self.use_label(orelse);
        self.statements(node.orelse)?;
        self.use_label(exit);
        Ok(())
    }

    fn for_(&mut self, s: &'a Stmt<'a>, node: &'a For<'a>) -> Generated {
        let (start, cleanup, exit) = (self.new_label(), self.new_label(), self.new_label());
        self.push_block(FrameBlock::For { start, exit }, place(s.location))?;
        self.iterated(&node.iter)?;
        let loc = self.place_of(&node.iter);
        self.emit(Op::GetIter, loc);
        self.use_target(start);
        self.emit_jump(Op::ForIter, cleanup, loc);
        self.emit(Op::Nop, place(node.target.location));
        self.expression(&node.target)?;
        self.statements(node.body)?;
        self.emit_jump(Op::Jump, start, Location::NONE);
        self.use_label(cleanup);
        self.end_for();
        self.pop_block();
        self.statements(node.orelse)?;
        self.use_label(exit);
        Ok(())
    }

    pub(super) fn end_for(&mut self) {
        self.emit(Op::EndFor, Location::NONE);
        let op = self.pop_iterator();
        self.emit(op, Location::NONE);
    }

    fn async_for(&mut self, s: &'a Stmt<'a>, node: &'a For<'a>) -> Generated {
        let loc = place(s.location);
        self.require_coroutine("'async for' outside async function", loc)?;
        let (start, except, exit) = (self.new_label(), self.new_label(), self.new_label());
        self.expression(&node.iter)?;
        self.emit(Op::GetAiter, self.place_of(&node.iter));
        self.use_target(start);
        self.push_block(FrameBlock::AsyncFor { start, exit }, loc)?;
        let send = self.next_of_async(except, loc);
        if self.features.branches_are_marked {
            self.emit(Op::NotTaken, loc);
        }
        self.expression(&node.target)?;
        self.statements(node.body)?;
        self.emit_jump(Op::Jump, start, Location::NONE);
        self.pop_block();
        self.use_label(except);
        self.end_async_for(send, self.place_of(&node.iter));
        self.statements(node.orelse)?;
        self.use_label(exit);
        Ok(())
    }

    /// From 3.14 on the symbol table has seen to that.
    fn require_coroutine(&mut self, message: &str, loc: Location) -> Generated {
        if self.features.symtable_checks_context || self.unit.kind == UnitKind::AsyncFunction {
            return Ok(());
        }
        self.error_at(message, loc)
    }

    fn augmented(
        &mut self,
        target: &'a Expr<'a>,
        op: Operator,
        value: &'a Expr<'a>,
        loc: Location,
    ) -> Generated {
        let at = place(target.location);
        match target.kind {
            ExprKind::Attribute { value: object, attr, .. } => {
                self.expression(object)?;
                self.emit_with(Op::Copy, 1, at);
                let at = self.at_attribute(at, target, attr);
                self.emit_name(Op::LoadAttr, attr, 1, 0, at);
                self.expression(value)?;
                self.inplace(op, loc);
                self.emit_with(Op::Swap, 2, at);
                self.emit_name(Op::StoreAttr, attr, 0, 0, at);
            }
            ExprKind::Subscript { value: object, slice, .. } => {
                self.expression(object)?;
                let (depth, store) = if let Some(parts) = self.plain_slice(slice) {
                    self.slice_parts(parts, place(slice.location))?;
                    (3, Op::StoreSlice)
                } else {
                    self.expression(slice)?;
                    (2, Op::StoreSubscr)
                };
                for _ in 0..depth {
                    self.emit_with(Op::Copy, depth, at);
                }
                if depth == 3 {
                    self.emit(Op::BinarySlice, at);
                } else {
                    self.load_subscript(at);
                }
                self.expression(value)?;
                self.inplace(op, loc);
                for position in (2..=depth + 1).rev() {
                    self.emit_with(Op::Swap, position, at);
                }
                self.emit(store, at);
            }
            ExprKind::Name { id, .. } => {
                self.name(id, ExprContext::Load, at)?;
                self.expression(value)?;
                self.inplace(op, loc);
                self.name(id, ExprContext::Store, at)?;
            }
            _ => unreachable!("the parser refuses other targets"),
        }
        Ok(())
    }

    fn assert(
        &mut self,
        test: &'a Expr<'a>,
        msg: Option<&'a Expr<'a>>,
        location: ast::Location,
    ) -> Generated {
        let loc = place(location);
        // At every level.
        self.suspect_assertion(test, loc);
        if !self.optimize.keeps_assertions() {
            return Ok(());
        }
        let end = self.new_label();
        self.jump_if(test, end, JumpWhen::True, loc)?;
        let op = if self.features.common_constants { Op::LoadCommonConstant } else { Op::LoadAssertionError };
        self.emit(op, loc);
        if let Some(msg) = msg {
            self.expression(msg)?;
            self.emit_with(Op::Call, 0, loc);
        }
        self.emit_with(Op::RaiseVarargs, 1, self.place_of(test));
        self.use_label(end);
        Ok(())
    }
}
