//! `try` with `except`, `except*` and `finally`.

use prepyc_syntax::ast::{ExceptHandler, Try};

use super::frame_block::FrameBlock;
use super::{Codegen, Generated, place};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;

const INTRINSIC_PREP_RERAISE_STAR: u32 = 1;

impl<'a> Codegen<'a, '_> {
    pub(super) fn try_(&mut self, node: &'a Try<'a>, loc: Location) -> Generated {
        if node.finalbody.is_empty() {
            self.try_except(node, loc)
        } else {
            self.try_finally(node, loc, Self::try_except)
        }
    }

    pub(super) fn try_star(&mut self, node: &'a Try<'a>, loc: Location) -> Generated {
        if node.finalbody.is_empty() {
            self.try_except_star(node, loc)
        } else {
            self.try_finally(node, loc, Self::try_except_star)
        }
    }

    fn try_finally(
        &mut self,
        node: &'a Try<'a>,
        loc: Location,
        inner: fn(&mut Self, &'a Try<'a>, Location) -> Generated,
    ) -> Generated {
        let (end, exit, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupFinally, end, loc);
        self.push_block(FrameBlock::FinallyTry(node.finalbody), loc)?;
        if node.handlers.is_empty() {
            self.statements(node.body)?;
        } else {
            inner(self, node, loc)?;
        }
        self.emit(Op::PopBlock, Location::NONE);
        self.pop_block();
        self.statements(node.finalbody)?;
        self.emit_jump(Op::JumpNoInterrupt, exit, Location::NONE);
        self.use_label(end);
        self.push_block(FrameBlock::FinallyEnd, loc)?;
        self.emit_jump(Op::SetupCleanup, cleanup, Location::NONE);
        self.emit(Op::PushExcInfo, Location::NONE);
        self.statements(node.finalbody)?;
        self.emit_with(Op::Reraise, 0, Location::NONE);
        self.pop_block();
        self.use_label(cleanup);
        self.pop_except_and_reraise();
        self.use_label(exit);
        Ok(())
    }

    fn try_except(&mut self, node: &'a Try<'a>, loc: Location) -> Generated {
        let (except, end, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupFinally, except, loc);
        self.push_block(FrameBlock::TryExcept, loc)?;
        self.statements(node.body)?;
        self.pop_block();
        self.emit(Op::PopBlock, Location::NONE);
        self.statements(node.orelse)?;
        self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        self.use_label(except);
        self.emit_jump(Op::SetupCleanup, cleanup, Location::NONE);
        self.emit(Op::PushExcInfo, Location::NONE);
        self.push_block(FrameBlock::ExceptionHandler, loc)?;
        for (index, handler) in node.handlers.iter().enumerate() {
            if handler.type_.is_none() && index + 1 < node.handlers.len() {
                return self.error("default 'except:' must be last", handler.location);
            }
            self.handler(handler, end)?;
        }
        self.emit_with(Op::Reraise, 0, Location::NONE);
        self.pop_block();
        self.use_label(cleanup);
        self.pop_except_and_reraise();
        self.use_label(end);
        Ok(())
    }

    fn handler(&mut self, handler: &'a ExceptHandler<'a>, end: Label) -> Generated {
        let loc = place(handler.location);
        let next = self.new_label();
        if let Some(type_) = &handler.type_ {
            self.expression(type_)?;
            self.emit(Op::CheckExcMatch, loc);
            self.emit_jump(Op::PopJumpIfFalse, next, loc);
        }
        if let Some(name) = handler.name {
            let cleanup = self.new_label();
            self.store_name(name, loc)?;
            self.emit_jump(Op::SetupCleanup, cleanup, loc);
            self.push_block(FrameBlock::HandlerCleanup(handler.name), loc)?;
            self.statements(handler.body)?;
            self.pop_block();
            self.emit(Op::PopBlock, Location::NONE);
            self.emit(Op::PopBlock, Location::NONE);
            self.emit(Op::PopExcept, Location::NONE);
            self.forget(handler.name, Location::NONE)?;
            self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
            self.use_label(cleanup);
            self.forget(handler.name, Location::NONE)?;
            self.emit_with(Op::Reraise, 1, Location::NONE);
        } else {
            self.emit(Op::PopTop, loc);
            self.push_block(FrameBlock::HandlerCleanup(None), loc)?;
            self.statements(handler.body)?;
            self.pop_block();
            self.emit(Op::PopBlock, Location::NONE);
            self.emit(Op::PopExcept, Location::NONE);
            self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        }
        self.use_label(next);
        Ok(())
    }

    fn try_except_star(&mut self, node: &'a Try<'a>, loc: Location) -> Generated {
        let (except, orelse, end) = (self.new_label(), self.new_label(), self.new_label());
        let (cleanup, reraise_star, reraise) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupFinally, except, loc);
        self.push_block(FrameBlock::TryExcept, loc)?;
        self.statements(node.body)?;
        self.pop_block();
        self.emit(Op::PopBlock, Location::NONE);
        self.emit_jump(Op::JumpNoInterrupt, orelse, Location::NONE);
        self.use_label(except);
        self.emit_jump(Op::SetupCleanup, cleanup, Location::NONE);
        self.emit(Op::PushExcInfo, Location::NONE);
        self.push_block(FrameBlock::ExceptionGroupHandler, loc)?;
        for (index, handler) in node.handlers.iter().enumerate() {
            if index == 0 {
                let at = place(handler.location);
                self.emit_with(Op::BuildList, 0, at);
                self.emit_with(Op::Copy, 2, at);
            }
            self.star_handler(handler)?;
            if index + 1 == node.handlers.len() {
                self.emit_with(Op::ListAppend, 1, Location::NONE);
                self.emit_jump(Op::JumpNoInterrupt, reraise_star, Location::NONE);
            }
        }
        self.pop_block();
        self.use_label(reraise_star);
        self.emit_with(Op::CallIntrinsic2, INTRINSIC_PREP_RERAISE_STAR, Location::NONE);
        self.emit_with(Op::Copy, 1, Location::NONE);
        self.emit_jump(Op::PopJumpIfNotNone, reraise, Location::NONE);
        self.emit(Op::PopTop, Location::NONE);
        self.emit(Op::PopBlock, Location::NONE);
        self.emit(Op::PopExcept, Location::NONE);
        self.emit_jump(Op::JumpNoInterrupt, end, Location::NONE);
        self.use_label(reraise);
        self.emit(Op::PopBlock, Location::NONE);
        self.emit_with(Op::Swap, 2, Location::NONE);
        self.emit(Op::PopExcept, Location::NONE);
        self.emit_with(Op::Reraise, 0, Location::NONE);
        self.use_label(cleanup);
        self.pop_except_and_reraise();
        self.use_label(orelse);
        self.statements(node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    fn star_handler(&mut self, handler: &'a ExceptHandler<'a>) -> Generated {
        let loc = place(handler.location);
        let (next, with_error, no_match) = (self.new_label(), self.new_label(), self.new_label());
        if let Some(type_) = &handler.type_ {
            self.expression(type_)?;
            self.emit(Op::CheckEgMatch, loc);
            self.emit_with(Op::Copy, 1, loc);
            self.emit_jump(Op::PopJumpIfNone, no_match, loc);
        }
        let cleanup = self.new_label();
        match handler.name {
            Some(name) => self.store_name(name, loc)?,
            None => self.emit(Op::PopTop, loc),
        }
        self.emit_jump(Op::SetupCleanup, cleanup, loc);
        self.push_block(FrameBlock::HandlerCleanup(handler.name), loc)?;
        self.statements(handler.body)?;
        self.pop_block();
        self.emit(Op::PopBlock, Location::NONE);
        self.forget(handler.name, Location::NONE)?;
        self.emit_jump(Op::JumpNoInterrupt, next, Location::NONE);
        self.use_label(cleanup);
        self.forget(handler.name, Location::NONE)?;
        self.emit_with(Op::ListAppend, 3, Location::NONE);
        self.emit(Op::PopTop, Location::NONE);
        self.emit_jump(Op::JumpNoInterrupt, with_error, Location::NONE);
        self.use_label(next);
        self.emit(Op::Nop, Location::NONE);
        self.emit_jump(Op::JumpNoInterrupt, with_error, Location::NONE);
        self.use_label(no_match);
        self.emit(Op::PopTop, loc);
        self.use_label(with_error);
        Ok(())
    }
}
