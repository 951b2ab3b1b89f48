//! `with` and `async with`: one statement but for three awaits.

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

/// Which of the two statements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WithKind {
    Plain,
    /// `async with`, which awaits what its methods return.
    Async,
}

impl<'a> Codegen<'a, '_> {
    /// The statement from its item number `index` on.
    pub(super) fn with(&mut self, node: &'a With<'a>, index: usize, kind: WithKind) -> Generated {
        let item = &node.items[index];
        let loc = self.place_of(&item.context_expr);
        let (enter, exit, before, block, end) = match kind {
            WithKind::Plain => (ENTER, EXIT, Op::BeforeWith, FrameBlock::With(loc), Location::NONE),
            WithKind::Async => (AENTER, AEXIT, Op::BeforeAsyncWith, FrameBlock::AsyncWith(loc), loc),
        };
        self.expression(&item.context_expr)?;
        if self.features.with_loads_special_methods {
            self.enter_special(enter, exit, loc);
        } else {
            self.emit(before, loc);
        }
        if kind == WithKind::Async {
            self.await_top(1, loc);
        }
        let (last, exit, cleanup) = (self.new_label(), self.new_label(), self.new_label());
        self.emit_jump(Op::SetupWith, last, loc);
        self.push_block(block, loc)?;
        match &item.optional_vars {
            Some(target) => self.expression(target)?,
            None => self.emit(Op::PopTop, loc),
        }
        if index + 1 == node.items.len() {
            self.statements(node.body)?;
        } else {
            self.with(node, index + 1, kind)?;
        }
        self.emit(Op::PopBlock, end);
        self.pop_block();
        self.call_exit_with_nones(loc);
        if kind == WithKind::Async {
            self.await_top(2, loc);
        }
        self.emit(Op::PopTop, loc);
        self.emit_jump(Op::Jump, exit, loc);
        self.use_label(last);
        self.emit_jump(Op::SetupCleanup, cleanup, loc);
        self.emit(Op::PushExcInfo, loc);
        self.emit(Op::WithExceptStart, loc);
        if kind == WithKind::Async {
            self.await_top(2, loc);
        }
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
