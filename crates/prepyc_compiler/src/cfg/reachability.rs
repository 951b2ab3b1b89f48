//! Which blocks can be reached, and small ones copied to where they are jumped to from.
//!
//! Mirrors `remove_unreachable` and `inline_small_or_no_lineno_blocks` (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{BasicBlockId, Cfg};
use crate::op::{ControlFlow, Op};

/// Blocks of up to this many instructions that leave the code object are copied rather than jumped to.
const MAX_COPIED_INSTRUCTIONS: usize = 4;

impl Cfg {
    /// Counts the ways that lead to each block, and empties those that none leads to.
    #[inline(never)]
    pub(super) fn remove_unreachable_blocks(&mut self) {
        if !self.edges_changed {
            return;
        }
        self.edges_changed = false;
        for block in &mut self.blocks[..self.in_use] {
            block.is_visited = false;
            block.predecessors = 0;
        }
        let entry = self.entry();
        let mut pending = std::mem::take(&mut self.pending);
        self.reach(entry, &mut pending);
        while let Some(id) = pending.pop() {
            if let Some(next) = self[id].next.filter(|_| self[id].has_fallthrough()) {
                self.reach(next, &mut pending);
            }
            if !self[id].may_have(Contents::SETUP) {
                // Jumps stand last.
                if let Some(target) = self[id].last().and_then(|last| last.target) {
                    self.reach(target, &mut pending);
                }
                continue;
            }
            for index in 0..self[id].used() {
                if let Some(target) = self[id].slots[index].target {
                    self.reach(target, &mut pending);
                }
            }
        }
        self.pending = pending;
        for block in &mut self.blocks[..self.in_use] {
            if block.predecessors == 0 {
                self.emptied_constants |= block.may_have(Contents::CONSTANT.and(Contents::CONSTANT_DROPPED));
                block.truncate(0);
                block.contents = Contents::NOTHING;
                block.is_except_handler = false;
            }
        }
    }

    fn reach(&mut self, id: BasicBlockId, pending: &mut Vec<BasicBlockId>) {
        let block = &mut self[id];
        block.predecessors += 1;
        if !block.is_visited {
            block.is_visited = true;
            pending.push(id);
        }
    }

    /// Replaces jumps to small blocks that leave the code object, and to blocks without lines that end in a jump, by
    /// the instructions of those blocks, until none is left.
    #[inline(never)]
    pub(super) fn inline_small_blocks(&mut self) {
        let mut changed = self.could_have(Contents::UNCONDITIONAL_JUMP);
        while changed {
            changed = false;
            self.for_each_block(|cfg, id| changed |= cfg.inline_jump_target(id));
        }
    }

    fn inline_jump_target(&mut self, id: BasicBlockId) -> bool {
        if !self[id].may_have(Contents::UNCONDITIONAL_JUMP) {
            return false;
        }
        let Some(last) = self[id].last().filter(|last| last.op.is_unconditional_jump()) else {
            return false;
        };
        let (jump, target) = (last.op, last.target.expect("a jump has a target"));
        let block = &self[target];
        let is_small_exit = block.exits_scope() && block.used() <= MAX_COPIED_INSTRUCTIONS;
        let is_lineless_end = block.has_no_line() && !block.has_fallthrough();
        if !is_small_exit && !is_lineless_end {
            return false;
        }
        self[id].set_last_nop();
        self.append_block(id, target);
        if is_lineless_end
            && jump == Op::Jump
            && let Some(last) = self[id].last_mut().filter(|last| last.op.is_unconditional_jump())
        {
            // The jump that is gone looked for signals; the one that took its place has to.
            last.op = Op::Jump;
        }
        self[target].predecessors -= 1;
        true
    }
}
