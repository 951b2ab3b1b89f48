//! How deep the value stack gets.
//!
//! Mirrors `calculate_stackdepth` (`Python/flowgraph.c`). Follows each way once, since all ways to a block arrive with
//! the same depth.

use super::contents::Contents;
use super::{BasicBlockId, Cfg, Depth, Instruction};
use crate::op::{ControlFlow, Op};
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
            let start = self[id].start_depth.map_or(0, Depth::items) as i32;
            if self[id].may_have(Contents::SETUP) {
                self.enter_handlers(id, start, effects, &mut pending);
            }
            let Depths { most, before_last, after } = follow(self[id].instructions(), start, effects);
            deepest = deepest.max(most);
            assert!(after >= 0, "a block takes {} items that are not on the stack", -after);
            // Jumps stand last.
            if let Some(&Instruction { op, oparg, target: Some(target), .. }) = self[id].last()
                && op != Op::EndAsyncFor
                && !op.is_block_push()
            {
                let growth = effects.jumping(op, oparg).growth();
                self.enter_at_depth(target, before_last + growth, &mut pending);
            }
            if let Some(next) = self[id].next.filter(|_| self[id].has_fallthrough()) {
                self.enter_at_depth(next, after, &mut pending);
            }
        }
        self.pending = pending;
        deepest as u32
    }

    /// Notes the depth at each handler that a block announces.
    fn enter_handlers(
        &mut self,
        id: BasicBlockId,
        start: i32,
        effects: &StackEffects,
        pending: &mut Vec<BasicBlockId>,
    ) {
        let mut depth = start;
        for index in 0..self[id].used() {
            let Instruction { op, oparg, target, .. } = self[id].slots[index];
            if let Some(handler) = target.filter(|_| op.is_block_push()) {
                self.enter_at_depth(handler, depth + effects.jumping(op, oparg).growth(), pending);
            }
            depth += effects.growth(op, oparg);
        }
    }

    fn enter_at_depth(&mut self, id: BasicBlockId, depth: i32, pending: &mut Vec<BasicBlockId>) {
        let depth = Depth::of(depth as u32);
        let block = &mut self[id];
        match block.start_depth {
            None => {
                block.start_depth = Some(depth);
                pending.push(id);
            }
            Some(known) => assert!(
                known == depth,
                "a block is entered with {} and {} items",
                known.items(),
                depth.items()
            ),
        }
    }
}

/// How deep the stack is in a block, in items.
struct Depths {
    /// At most, before an instruction.
    most: i32,
    before_last: i32,
    after: i32,
}

/// The depths in a block that begins with that many items. Apart, so that the loop has all registers.
#[inline(never)]
fn follow(instructions: &[Instruction], start: i32, effects: &StackEffects) -> Depths {
    let mut depths = Depths { most: start, before_last: start, after: start };
    for instruction in instructions {
        let before = depths.after;
        debug_assert!(before as u32 >= effects.onwards(instruction.op, instruction.oparg).pops);
        depths.most = depths.most.max(before);
        depths.before_last = before;
        depths.after = before + effects.growth(instruction.op, instruction.oparg);
    }
    depths
}
