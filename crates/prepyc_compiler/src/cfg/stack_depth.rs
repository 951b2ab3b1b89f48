//! How deep the value stack gets.
//!
//! Mirrors `calculate_stackdepth` (`Python/flowgraph.c`). Follows each way once, since all ways to a block arrive with
//! the same depth.

use super::{BasicBlockId, Cfg};
use crate::op::Op;
use crate::stack::StackEffects;

impl Cfg {
    /// The greatest depth that any instruction begins with; notes the depth at each block.
    #[inline(never)]
    pub(super) fn calculate_stack_depth(&mut self, effects: &StackEffects) -> u32 {
        for block in &mut self.blocks[..self.in_use] {
            block.start_depth = None;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut deepest = 0;
        let entry = self.entry();
        self.enter_at_depth(entry, 0, &mut pending);
        while let Some(id) = pending.pop() {
            let mut depth = self[id].start_depth.unwrap_or(0);
            let used = self[id].used;
            let slots = std::mem::take(&mut self[id].slots);
            for instruction in &slots[..used] {
                deepest = deepest.max(depth);
                if let Some(target) = instruction.target.filter(|_| instruction.op != Op::EndAsyncFor) {
                    let effect = effects.jumping(instruction.op, instruction.oparg);
                    self.enter_at_depth(target, depth + effect.pushes - effect.pops, &mut pending);
                }
                let effect = effects.onwards(instruction.op, instruction.oparg);
                let taken = depth.checked_sub(effect.pops);
                depth = taken
                    .unwrap_or_else(|| panic!("{} finds nothing on the stack", instruction.op.name()))
                    + effect.pushes;
            }
            self[id].slots = slots;
            if let Some(next) = self[id].next.filter(|_| self[id].has_fallthrough()) {
                self.enter_at_depth(next, depth, &mut pending);
            }
        }
        self.pending = pending;
        deepest
    }

    fn enter_at_depth(&mut self, id: BasicBlockId, depth: u32, pending: &mut Vec<BasicBlockId>) {
        let block = &mut self[id];
        match block.start_depth {
            None => {
                block.start_depth = Some(depth);
                pending.push(id);
            }
            Some(known) => assert!(known == depth, "a block is entered with {known} and {depth} items"),
        }
    }
}
