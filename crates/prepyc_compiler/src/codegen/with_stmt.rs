//! `with` and `async with`.

use prepyc_syntax::ast::With;

use super::frame_block::FrameBlock;
use super::{Codegen, Generated};
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;

/// Methods by oparg of `LOAD_SPECIAL`.
const ENTER: u32 = 0;
const EXIT: u32 = 1;
const AENTER: u32 = 2;
const AEXIT: u32 = 3;

impl<'a> Codegen<'a, '_> {
    pub(super) fn with(&mut self, node: &'a With<'a>, index: usize) -> Generated {
        let item = &node.items[index];
        let loc = self.place_of(&item.context_expr);
        self.expression(&item.context_expr)?;
        if self.features.with_loads_special_methods {
            self.enter_special(ENTER, EXIT, loc);
        } else {
            self.emit(Op::BeforeWith, loc);
        }
        let (last, exit, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupWith, last, loc);
        self.push_block(FrameBlock::With(loc), loc)?;
        self.with_inside(node, index, loc, Self::with)?;
        self.emit(Op::PopBlock, Location::NONE);
        self.pop_block();
        self.call_exit_with_nones(loc);
        self.emit(Op::PopTop, loc);
        self.emit_jump(Op::Jump, exit, loc);
        self.use_label(last);
        self.emit_jump(Op::SetupCleanup, cleanup, loc);
        self.emit(Op::PushExcInfo, loc);
        self.emit(Op::WithExceptStart, loc);
        self.finish_except(cleanup);
        self.use_label(exit);
        Ok(())
    }

    pub(super) fn async_with(&mut self, node: &'a With<'a>, index: usize) -> Generated {
        let item = &node.items[index];
        let loc = self.place_of(&item.context_expr);
        self.expression(&item.context_expr)?;
        if self.features.with_loads_special_methods {
            self.enter_special(AENTER, AEXIT, loc);
        } else {
            self.emit(Op::BeforeAsyncWith, loc);
        }
        self.await_top(1, loc);
        let (last, exit, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupWith, last, loc);
        self.push_block(FrameBlock::AsyncWith(loc), loc)?;
        self.with_inside(node, index, loc, Self::async_with)?;
        self.emit(Op::PopBlock, loc);
        self.pop_block();
        self.call_exit_with_nones(loc);
        self.await_top(2, loc);
        self.emit(Op::PopTop, loc);
        self.emit_jump(Op::Jump, exit, loc);
        self.use_label(last);
        self.emit_jump(Op::SetupCleanup, cleanup, loc);
        self.emit(Op::PushExcInfo, loc);
        self.emit(Op::WithExceptStart, loc);
        self.await_top(2, loc);
        self.finish_except(cleanup);
        self.use_label(exit);
        Ok(())
    }

    fn enter_special(&mut self, enter: u32, exit: u32, loc: Location) {
        self.emit_with(Op::Copy, 1, loc);
        self.emit_with(Op::LoadSpecial, exit, loc);
        self.emit_with(Op::Swap, 2, loc);
        self.emit_with(Op::Swap, 3, loc);
        self.emit_with(Op::LoadSpecial, enter, loc);
        self.emit_with(Op::Call, 0, loc);
    }

    fn with_inside(
        &mut self,
        node: &'a With<'a>,
        index: usize,
        loc: Location,
        inner: fn(&mut Self, &'a With<'a>, usize) -> Generated,
    ) -> Generated {
        match &node.items[index].optional_vars {
            Some(target) => self.expression(target)?,
            None => self.emit(Op::PopTop, loc),
        }
        if index + 1 == node.items.len() {
            self.statements(node.body)?;
        } else {
            inner(self, node, index + 1)?;
        }
        Ok(())
    }

    pub(super) fn call_exit_with_nones(&mut self, loc: Location) {
        for _ in 0..3 {
            self.load_none(loc);
        }
        self.emit_with(Op::Call, if self.features.with_loads_special_methods { 3 } else { 2 }, loc);
    }

    fn finish_except(&mut self, cleanup: Label) {
        let (suppress, exit) = (self.new_label(), self.new_label());
        self.emit(Op::ToBool, Location::NONE);
        self.emit_jump(Op::PopJumpIfTrue, suppress, Location::NONE);
        self.emit_with(Op::Reraise, 2, Location::NONE);
        self.use_label(suppress);
        self.emit(Op::PopTop, Location::NONE);
        self.emit(Op::PopBlock, Location::NONE);
        self.emit(Op::PopExcept, Location::NONE);
        for _ in 0..if self.features.with_loads_special_methods { 3 } else { 2 } {
            self.emit(Op::PopTop, Location::NONE);
        }
        self.emit_jump(Op::JumpNoInterrupt, exit, Location::NONE);
        self.use_label(cleanup);
        self.pop_except_and_reraise();
        self.use_label(exit);
    }

    pub(super) fn pop_except_and_reraise(&mut self) {
        self.emit_with(Op::Copy, 3, Location::NONE);
        self.emit(Op::PopExcept, Location::NONE);
        self.emit_with(Op::Reraise, 1, Location::NONE);
    }
}
