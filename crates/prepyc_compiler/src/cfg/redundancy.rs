//! Instructions that do nothing: NOPs whose line another instruction has, values pushed and popped, jumps to the next
//! instruction.
//!
//! Mirrors `remove_redundant_nops`, `remove_redundant_nops_and_pairs` and `remove_redundant_jumps`
//! (`Python/flowgraph.c`).

use super::{BasicBlockId, Cfg};
use crate::location::Location;
use crate::op::{ControlFlow, Op};

impl Cfg {
    /// Removes NOPs and jumps until none is redundant.
    pub(super) fn remove_redundant_nops_and_jumps(&mut self) {
        while self.remove_redundant_nops() + self.remove_redundant_jumps() > 0 {}
    }

    /// Removes the NOPs that no line depends on; says how many.
    pub(super) fn remove_redundant_nops(&mut self) -> usize {
        let mut removed = 0;
        self.for_each_block(|cfg, id| removed += cfg.remove_redundant_nops_of(id));
        removed
    }

    fn remove_redundant_nops_of(&mut self, id: BasicBlockId) -> usize {
        let length = self[id].used;
        let Some(first) = self[id].instructions().iter().position(|found| found.op == Op::Nop) else {
            return 0;
        };
        let mut kept = first;
        let mut previous = if first == 0 { Location::NONE } else { self[id].slots[first - 1].location };
        for index in first..length {
            let instruction = self[id].slots[index];
            if instruction.op == Op::Nop && self.is_redundant_nop(id, index, previous) {
                continue;
            }
            let instruction = self[id].slots[index];
            self[id].slots[kept] = instruction;
            kept += 1;
            previous = instruction.location;
        }
        self[id].truncate(kept);
        length - kept
    }

    /// Whether the NOP can go: it has no line, or a neighbour has it, or a neighbour without one takes it over.
    fn is_redundant_nop(&mut self, id: BasicBlockId, index: usize, previous: Location) -> bool {
        let place = self[id].slots[index].location;
        if !place.has_line() || previous.line() == place.line() {
            return true;
        }
        if index + 1 < self[id].used {
            let next = &mut self[id].slots[index + 1].location;
            if next.has_line() {
                return next.same_line(place);
            }
            *next = place;
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
    pub(super) fn remove_redundant_nops_and_pairs(&mut self) {
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
                for index in 0..cfg[id].used {
                    if cfg[id].slots[index].op == Op::PopTop
                        && let Some((block, at)) = before
                        && is_plain_push(cfg[block].slots[at].op, cfg[block].slots[at].oparg)
                    {
                        cfg[block].slots[at].set_nop();
                        cfg[id].slots[index].set_nop();
                        done = false;
                    }
                    before = Some((id, index));
                }
                let jumps = before.is_some_and(|(block, at)| cfg[block].slots[at].is_jump());
                if jumps || !cfg[id].has_fallthrough() {
                    before = None;
                }
            });
        }
    }

    /// Turns jumps to the next instruction into NOPs; says how many.
    fn remove_redundant_jumps(&mut self) -> usize {
        let mut removed = 0;
        self.for_each_block(|cfg, id| {
            let Some(last) = cfg[id].last().filter(|last| last.op.is_unconditional_jump()) else {
                return;
            };
            let target = cfg.next_nonempty(last.target).expect("a jump leads to an instruction");
            if Some(target) == cfg.next_nonempty(cfg[id].next)
                && let Some(last) = cfg[id].last_mut()
            {
                last.set_nop();
                removed += 1;
            }
        });
        removed
    }
}

fn is_plain_push(op: Op, oparg: u32) -> bool {
    match op {
        Op::LoadConst | Op::LoadSmallInt => true,
        Op::Copy => oparg == 1,
        _ => false,
    }
}
