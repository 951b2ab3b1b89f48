//! Which handler each instruction is under.
//!
//! Mirrors `mark_except_handlers` and `label_exception_targets` (`Python/flowgraph.c`): walks the graph with the stack
//! of handlers that `SETUP_…` and `POP_BLOCK` push and pop, and turns the latter into NOPs.

use super::contents::Contents;
use super::{BasicBlockId, Cfg};
use crate::op::{ControlFlow, Op};

/// A stack of handlers, shared with all stacks that were copied from it: the number of its top frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HandlerStack(u32);

/// One frame; frame 0, the empty stack, is not stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandlerFrame {
    handler: BasicBlockId,
    below: HandlerStack,
    depth: u32,
}

/// The bit of RESUME's oparg that says: suspended under exactly one handler, the one that every generator has.
///
/// CPython: `RESUME_OPARG_DEPTH1_MASK` (`Include/internal/pycore_opcode_utils.h`, 3.13).
const RESUME_AT_DEPTH_1: u32 = 4;

impl Cfg {
    /// Marks the blocks that a `SETUP_…` announces.
    #[inline(never)]
    pub(super) fn mark_except_handlers(&mut self) {
        if !self.has_handlers {
            return;
        }
        for index in 0..self.in_use {
            if !self.blocks[index].may_have(Contents::SETUP) {
                continue;
            }
            for at in 0..self.blocks[index].used() {
                let instruction = self.blocks[index].slots[at];
                if instruction.op.is_block_push() {
                    let handler = instruction.target.expect("a SETUP has a target");
                    self[handler].is_except_handler = true;
                }
            }
        }
    }

    /// Whether there is a handler at all; known once they are marked.
    pub(super) fn has_except_handlers(&self) -> bool {
        self.has_handlers && self.blocks[..self.in_use].iter().any(|block| block.is_except_handler)
    }

    /// Gives every instruction its handler.
    #[inline(never)]
    pub(super) fn label_exception_targets(&mut self) {
        if !self.has_except_handlers() {
            return;
        }
        self.clear_visited();
        self.handler_frames.clear();
        let entry = self.entry();
        let mut pending = std::mem::take(&mut self.pending);
        self.enter_under(entry, HandlerStack::default(), &mut pending);
        while let Some(id) = pending.pop() {
            let stack = self.label_block(id, &mut pending);
            if self[id].has_fallthrough() {
                let next = self[id].next.expect("the last block ends the code");
                self.enter_under(next, stack, &mut pending);
            }
        }
        self.pending = pending;
    }

    /// Notes the handlers in force where a block begins; the first way that leads there decides.
    fn enter_under(&mut self, id: BasicBlockId, stack: HandlerStack, pending: &mut Vec<BasicBlockId>) {
        let block = &mut self[id];
        if !block.is_visited {
            block.is_visited = true;
            block.handlers = stack;
            pending.push(id);
        }
    }

    /// Labels one block; gives the stack at its end.
    fn label_block(&mut self, id: BasicBlockId, pending: &mut Vec<BasicBlockId>) -> HandlerStack {
        let mut stack = self[id].handlers;
        let mut handler = self.top_handler(stack);
        let mut last_yield_depth = 0;
        let used = self[id].used();
        let mut slots = std::mem::take(&mut self[id].slots);
        for instruction in &mut slots[..used] {
            match instruction.op {
                op if op.is_block_push() => {
                    let target = instruction.target.expect("a SETUP has a target");
                    self.enter_under(target, stack, pending);
                    self[target].preserves_lasti |= matches!(op, Op::SetupWith | Op::SetupCleanup);
                    stack = self.push_handler(stack, target);
                    handler = Some(target);
                    continue;
                }
                Op::PopBlock => {
                    stack = self.frame(stack).expect("POP_BLOCK has its SETUP").below;
                    handler = self.top_handler(stack);
                    instruction.set_nop();
                    self[id].contents.insert(Contents::NOP);
                    continue;
                }
                Op::YieldValue => last_yield_depth = self.frame(stack).map_or(0, |frame| frame.depth),
                Op::Resume if instruction.oparg != 0 && last_yield_depth == 1 => {
                    instruction.oparg |= RESUME_AT_DEPTH_1;
                }
                _ => {}
            }
            instruction.handler = handler;
            if instruction.is_jump() {
                self.enter_under(instruction.target.expect("a jump has a target"), stack, pending);
            }
        }
        self[id].slots = slots;
        stack
    }

    fn frame(&self, stack: HandlerStack) -> Option<HandlerFrame> {
        stack.0.checked_sub(1).map(|index| self.handler_frames[index as usize])
    }

    fn top_handler(&self, stack: HandlerStack) -> Option<BasicBlockId> {
        self.frame(stack).map(|frame| frame.handler)
    }

    fn push_handler(&mut self, below: HandlerStack, handler: BasicBlockId) -> HandlerStack {
        let depth = self.frame(below).map_or(0, |frame| frame.depth) + 1;
        self.handler_frames.push(HandlerFrame { handler, below, depth });
        HandlerStack(self.handler_frames.len() as u32)
    }
}
