//! Code that runs only when something was raised goes to the end.
//!
//! Mirrors `push_cold_blocks_to_end` (`Python/flowgraph.c`, from 3.12 on).

use super::{BasicBlockId, Cfg, Instruction};
use crate::location::Location;
use crate::op::Op;

impl Cfg {
    /// Moves the blocks that only handlers lead to behind the others, in their order.
    #[inline(never)]
    pub(super) fn push_cold_blocks_to_end(&mut self) {
        let entry = self.entry();
        if self[entry].next.is_none() || !self.has_except_handlers() {
            return;
        }
        self.mark_warm_and_cold();
        self.replace_cold_fallthrough();
        if !self.in_order().any(|id| self[id].is_cold) {
            return;
        }
        self.put_cold_last();
        self.remove_redundant_nops_and_jumps();
    }

    /// Puts the blocks in a new order: the entry and all that is not cold, then what is.
    fn put_cold_last(&mut self) {
        let (mut last_warm, mut first_cold, mut last_cold) = (self.entry(), None, None);
        self.for_each_block(|cfg, id| {
            if !cfg[id].is_cold {
                if last_warm != id {
                    cfg[last_warm].next = Some(id);
                }
                last_warm = id;
                return;
            }
            match last_cold {
                Some(last) => cfg[last].next = Some(id),
                None => first_cold = Some(id),
            }
            last_cold = Some(id);
        });
        self[last_warm].next = first_cold;
        if let Some(last) = last_cold {
            self[last].next = None;
        }
    }

    /// Where a cold block falls through to a warm one, it will have to jump.
    fn replace_cold_fallthrough(&mut self) {
        self.for_each_block(|cfg, id| {
            let Some(next) = cfg[id].next.filter(|_| cfg[id].is_cold && cfg[id].has_fallthrough()) else {
                return;
            };
            if !cfg[next].is_warm {
                return;
            }
            let detour = cfg.new_block();
            let mut jump = Instruction::new(Op::JumpNoInterrupt, 0, Location::NONE);
            jump.target = Some(next);
            cfg[next].is_labelled = true;
            cfg[detour].push(jump);
            cfg[detour].is_cold = true;
            cfg[detour].predecessors = 1;
            cfg[detour].next = Some(next);
            cfg[id].next = Some(detour);
        });
    }

    /// Warm is what control reaches from the entry without an exception, cold what it reaches from a handler alone.
    fn mark_warm_and_cold(&mut self) {
        self.clear_visited();
        let mut pending = std::mem::take(&mut self.pending);
        let entry = self.entry();
        self[entry].is_visited = true;
        pending.push(entry);
        while let Some(id) = pending.pop() {
            self[id].is_warm = true;
            self.visit_successors(id, &mut pending);
        }
        self.clear_visited();
        self.for_each_block(|cfg, id| {
            if cfg[id].is_except_handler {
                cfg[id].is_visited = true;
                pending.push(id);
            }
        });
        while let Some(id) = pending.pop() {
            self[id].is_cold = true;
            self.visit_successors(id, &mut pending);
        }
        self.pending = pending;
    }

    /// Makes what control reaches from a block wait, bar what waited before or is warm already.
    fn visit_successors(&mut self, id: BasicBlockId, pending: &mut Vec<BasicBlockId>) {
        let falls_to = self[id].next.filter(|_| self[id].has_fallthrough());
        // Jumps stand last.
        let jumps_to = self[id].last().filter(|last| last.is_jump()).and_then(|last| last.target);
        for successor in [falls_to, jumps_to].into_iter().flatten() {
            let block = &mut self[successor];
            if !block.is_visited && !block.is_warm {
                block.is_visited = true;
                pending.push(successor);
            }
        }
    }
}
