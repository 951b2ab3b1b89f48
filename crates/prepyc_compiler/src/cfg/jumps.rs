//! Conditional jumps lead forwards: one that would lead backwards is turned round and jumps over a jump.
//!
//! Mirrors `normalize_jumps` (`Python/flowgraph.c`). The order of the blocks is final by now.

use prepyc_version::{CfgPipeline, Features};

use super::contents::Contents;
use super::{BasicBlockId, Cfg, Instruction};
use crate::op::{ControlFlow, Op};

impl Cfg {
    /// Makes conditional jumps lead forwards, and marks where they are not taken (3.14 on).
    #[inline(never)]
    pub(super) fn normalize_jumps(&mut self, features: &Features) {
        if !self.could_have(Contents::CONDITIONAL_JUMP.and(Contents::SHORT_CIRCUIT)) {
            return;
        }
        let marks_not_taken = features.cfg_pipeline == CfgPipeline::FoldedGraph;
        self.clear_visited();
        self.for_each_block(|cfg, id| {
            cfg[id].is_visited = true;
            if !cfg[id].may_have(Contents::CONDITIONAL_JUMP) {
                return;
            }
            let Some(last) = cfg[id].last().copied() else {
                return;
            };
            let (Some(inverted), Some(target)) = (last.op.inverted(), last.target) else {
                return;
            };
            let not_taken = Instruction::new(Op::NotTaken, 0, last.location);
            if cfg[target].is_visited {
                let detour = cfg.insert_backward_jump(id, target, &last, inverted);
                if marks_not_taken {
                    cfg[detour].insert(0, not_taken);
                }
            } else if marks_not_taken {
                cfg[id].push(not_taken);
            }
        });
    }

    fn insert_backward_jump(
        &mut self,
        id: BasicBlockId,
        target: BasicBlockId,
        last: &Instruction,
        inverted: Op,
    ) -> BasicBlockId {
        let detour = self.new_block();
        let mut jump = Instruction::new(Op::Jump, 0, last.location);
        jump.target = Some(target);
        let after = self[id].next;
        let (is_cold, start_depth) = (self[id].is_cold, self[target].start_depth);
        self[detour].push(jump);
        self[detour].is_cold = is_cold;
        self[detour].start_depth = start_depth;
        self[detour].next = after;
        let block = &mut self[id];
        block.next = Some(detour);
        if let Some(last) = block.last_mut() {
            last.op = inverted;
            last.target = after;
        }
        detour
    }
}
