//! What `return`, `break` and `continue` leave on their way out (CPython: `compiler_unwind_fblock`).

use prepyc_bytecode::StrId;
use prepyc_syntax::ast::{self, ExprContext, Stmt};

use super::{Codegen, Generated, place};
use crate::limits::MAX_FRAME_BLOCKS;
use crate::location::Location;
use crate::op::Op;
use crate::sequence::Label;

/// A construct around the statement at hand that keeps something on the stack.
#[derive(Clone, Copy)]
pub(super) enum FrameBlock<'a> {
    While { start: Label, exit: Label },
    For { start: Label, exit: Label },
    AsyncFor { start: Label, exit: Label },
    TryExcept,
    FinallyTry(&'a [Stmt<'a>]),
    FinallyEnd,
    With(Location),
    AsyncWith(Location),
    HandlerCleanup(Option<StrId>),
    ExceptionHandler,
    ExceptionGroupHandler,
    PopValue,
    Transparent,
}

/// Whether the value to be returned is on top of the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Top {
    Nothing,
    ReturnValue,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn push_block(&mut self, block: FrameBlock<'a>, location: Location) -> Generated {
        if self.unit.frame_blocks.len() >= MAX_FRAME_BLOCKS {
            return self.error_at("too many statically nested blocks", location);
        }
        self.unit.frame_blocks.push(block);
        Ok(())
    }

    pub(super) fn pop_block(&mut self) {
        self.unit.frame_blocks.pop();
    }

    /// Leaves everything for a `return`.
    pub(super) fn unwind_all(
        &mut self,
        mut location: Location,
        top: Top,
        from: ast::Location,
    ) -> Generated<Location> {
        let saved = self.unit.frame_blocks.clone();
        while let Some(block) = self.unit.frame_blocks.pop() {
            self.refuse_in_group(block, location, from)?;
            location = self.unwind(block, location, top)?;
        }
        self.unit.frame_blocks = saved;
        Ok(location)
    }

    /// Leaves everything up to the innermost loop; `None` if there is none.
    pub(super) fn unwind_to_loop(
        &mut self,
        mut location: Location,
        from: ast::Location,
    ) -> Generated<Option<(FrameBlock<'a>, Location)>> {
        let saved = self.unit.frame_blocks.clone();
        let mut found = None;
        while let Some(block) = self.unit.frame_blocks.pop() {
            self.refuse_in_group(block, location, from)?;
            if matches!(
                block,
                FrameBlock::While { .. } | FrameBlock::For { .. } | FrameBlock::AsyncFor { .. }
            ) {
                found = Some((block, location));
                break;
            }
            location = self.unwind(block, location, Top::Nothing)?;
        }
        self.unit.frame_blocks = saved;
        Ok(found)
    }

    /// CPython points nowhere where a `finally` or `with` has been left already; we, at the statement.
    fn refuse_in_group(&self, block: FrameBlock<'a>, location: Location, from: ast::Location) -> Generated {
        if !matches!(block, FrameBlock::ExceptionGroupHandler) {
            return Ok(());
        }
        let location = if location.has_line() { location } else { place(from) };
        self.error_at("'break', 'continue' and 'return' cannot appear in an except* block", location)
    }

    pub(super) fn unwind(
        &mut self,
        block: FrameBlock<'a>,
        location: Location,
        top: Top,
    ) -> Generated<Location> {
        match block {
            FrameBlock::While { .. }
            | FrameBlock::ExceptionHandler
            | FrameBlock::ExceptionGroupHandler
            | FrameBlock::Transparent => {}
            FrameBlock::For { .. } | FrameBlock::AsyncFor { .. } | FrameBlock::PopValue => {
                self.keep_top(top, location);
                self.emit(Op::PopTop, location);
            }
            FrameBlock::TryExcept => self.emit(Op::PopBlock, location),
            FrameBlock::FinallyTry(body) => {
                self.emit(Op::PopBlock, location);
                if top == Top::ReturnValue {
                    self.push_block(FrameBlock::PopValue, location)?;
                }
                self.statements(body)?;
                if top == Top::ReturnValue {
                    self.pop_block();
                }
                return Ok(Location::NONE);
            }
            FrameBlock::FinallyEnd => {
                self.keep_top(top, location);
                self.emit(Op::PopTop, location);
                self.keep_top(top, location);
                self.emit(Op::PopBlock, location);
                self.emit(Op::PopExcept, location);
            }
            FrameBlock::With(place) | FrameBlock::AsyncWith(place) => {
                self.emit(Op::PopBlock, place);
                if top == Top::ReturnValue {
                    if self.features.with_loads_special_methods {
                        self.emit_with(Op::Swap, 3, place);
                    }
                    self.emit_with(Op::Swap, 2, place);
                }
                self.call_exit_with_nones(place);
                if matches!(block, FrameBlock::AsyncWith(_)) {
                    self.await_top(2, place);
                }
                self.emit(Op::PopTop, place);
                return Ok(Location::NONE);
            }
            FrameBlock::HandlerCleanup(name) => {
                if name.is_some() {
                    self.emit(Op::PopBlock, location);
                }
                self.keep_top(top, location);
                self.emit(Op::PopBlock, location);
                self.emit(Op::PopExcept, location);
                self.forget(name, location)?;
            }
        }
        Ok(location)
    }

    fn keep_top(&mut self, top: Top, location: Location) {
        if top == Top::ReturnValue {
            self.emit_with(Op::Swap, 2, location);
        }
    }

    /// What takes an iterator from the stack.
    pub(super) fn pop_iterator(&self) -> Op {
        if self.features.branches_are_marked { Op::PopIter } else { Op::PopTop }
    }

    /// `name = None; del name`, at the end of `except … as name`.
    pub(super) fn forget(&mut self, name: Option<StrId>, location: Location) -> Generated {
        let Some(name) = name else { return Ok(()) };
        self.load_none(location);
        self.store_name(name, location)?;
        self.name(name, ExprContext::Del, location)
    }
}
