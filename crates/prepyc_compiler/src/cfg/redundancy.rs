//! Instructions that do nothing: NOPs whose line another instruction has, values pushed and popped, jumps to the next
//! instruction.
//!
//! Mirrors `remove_redundant_nops`, `remove_redundant_nops_and_pairs` and `remove_redundant_jumps`
//! (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{BasicBlockId, Cfg, Instruction};
use crate::location::Location;
use crate::op::{ControlFlow, Op};

impl Cfg {
    /// Removes NOPs and jumps until none is redundant.
    pub(super) fn remove_redundant_nops_and_jumps(&mut self) {
        let mut jumps = 1;
        loop {
            let nops = self.remove_redundant_nops();
            // Jumps that stayed stay again unless blocks have become empty since.
            if nops + jumps == 0 {
                return;
            }
            jumps = self.remove_redundant_jumps();
            if nops + jumps == 0 {
                return;
            }
        }
    }

    /// Removes the NOPs that no line depends on; says how many.
    #[inline(never)]
    pub(super) fn remove_redundant_nops(&mut self) -> usize {
        if !self.may_have(Contents::NOP) {
            return 0;
        }
        let mut removed = 0;
        self.for_each_block(|cfg, id| removed += cfg.remove_redundant_nops_of(id));
        removed
    }

    #[inline]
    fn remove_redundant_nops_of(&mut self, id: BasicBlockId) -> usize {
        if self[id].may_have(Contents::NOP) { self.thin_out_nops_of(id) } else { 0 }
    }

    fn thin_out_nops_of(&mut self, id: BasicBlockId) -> usize {
        let length = self[id].used();
        // The instructions are taken out while the blocks behind are looked at.
        let mut slots = std::mem::take(&mut self[id].slots);
        let instructions = &mut slots[..length];
        let first = instructions.iter().position(|found| found.op == Op::Nop).unwrap_or(length);
        let mut kept = first;
        let mut previous = if first == 0 { Location::NONE } else { instructions[first - 1].location };
        let mut keeps_nops = false;
        for index in first..length {
            if instructions[index].op == Op::Nop {
                if self.is_redundant_nop(id, &mut instructions[index..], previous) {
                    continue;
                }
                keeps_nops = true;
            }
            instructions[kept] = instructions[index];
            previous = instructions[kept].location;
            kept += 1;
        }
        let block = &mut self[id];
        block.slots = slots;
        block.truncate(kept);
        if !keeps_nops {
            block.contents.remove(Contents::NOP);
        }
        length - kept
    }

    /// Whether the NOP at the head can go: it has no line, or a neighbour has it, or a neighbour without one takes it
    /// over.
    fn is_redundant_nop(&self, id: BasicBlockId, rest: &mut [Instruction], previous: Location) -> bool {
        let place = rest[0].location;
        if !place.has_line() || previous.line() == place.line() {
            return true;
        }
        if let Some(next) = rest.get_mut(1) {
            if next.location.has_line() {
                return next.location.same_line(place);
            }
            next.location = place;
            return true;
        }
        let Some(next) = self.next_nonempty(self[id].next) else {
            return false;
        };
        // NOPs without a line will go; the first instruction that stays decides.
        let mut staying =
            self[next].instructions().iter().filter(|found| found.op != Op::Nop || found.location.has_line());
        staying.next().is_some_and(|found| found.location.same_line(place))
    }

    /// Removes values that are pushed only to be popped, and the NOPs that leaves.
    #[inline(never)]
    pub(super) fn remove_redundant_nops_and_pairs(&mut self) {
        if !self.may_have(Contents::POP_TOP) {
            self.remove_redundant_nops();
            return;
        }
        let mut done = false;
        while !done {
            done = true;
            // The instruction that is executed just before, wherever it stands.
            let mut before: Option<(BasicBlockId, usize)> = None;
            self.for_each_block(|cfg, id| {
                cfg.remove_redundant_nops_of(id);
                if cfg[id].is_labelled {
                    before = None;
                }
                if cfg[id].may_have(Contents::POP_TOP) {
                    done &= !cfg.remove_pairs_of(id, before);
                }
                if let Some(last) = cfg[id].used().checked_sub(1) {
                    before = Some((id, last));
                }
                let jumps = before.is_some_and(|(block, at)| cfg[block].slots[at].is_jump());
                if jumps || !cfg[id].has_fallthrough() {
                    before = None;
                }
            });
        }
    }

    /// Turns into NOPs what is pushed and popped in a block; `before` is what is executed before it. Says whether
    /// there was anything.
    fn remove_pairs_of(&mut self, id: BasicBlockId, before: Option<(BasicBlockId, usize)>) -> bool {
        let mut removed = false;
        if let Some((block, at)) = before
            && self[id].instructions().first().is_some_and(|first| first.op == Op::PopTop)
            && is_plain_push(&self[block].slots[at])
        {
            self[block].set_nop(at);
            self[id].set_nop(0);
            removed = true;
        }
        let block = &mut self[id];
        for index in 1..block.used() {
            // What is pushed first: that is rarer.
            if is_plain_push(&block.slots[index - 1]) && block.slots[index].op == Op::PopTop {
                block.set_nop(index - 1);
                block.set_nop(index);
                removed = true;
            }
        }
        removed
    }

    /// Turns jumps to the next instruction into NOPs; says how many.
    #[inline(never)]
    fn remove_redundant_jumps(&mut self) -> usize {
        if !self.may_have(Contents::UNCONDITIONAL_JUMP) {
            return 0;
        }
        let mut removed = 0;
        self.for_each_block(|cfg, id| {
            if !cfg[id].may_have(Contents::UNCONDITIONAL_JUMP) {
                return;
            }
            let Some(last) = cfg[id].last().filter(|last| last.op.is_unconditional_jump()) else {
                return;
            };
            let target = cfg.next_nonempty(last.target).expect("a jump leads to an instruction");
            if Some(target) == cfg.next_nonempty(cfg[id].next) {
                cfg[id].set_last_nop();
                removed += 1;
            }
        });
        removed
    }
}

fn is_plain_push(instruction: &Instruction) -> bool {
    match instruction.op {
        Op::LoadConst | Op::LoadSmallInt => true,
        Op::Copy => instruction.oparg == 1,
        _ => false,
    }
}
