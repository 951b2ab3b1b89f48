//! Lines for the instructions that have none.
//!
//! Mirrors `resolve_line_numbers` (`Python/flowgraph.c`). PEP 626 wants the line of an instruction that leaves a frame
//! to be right; code without a line gets it from the one way that leads there, and is copied where there are several.

use super::contents::Contents;
use super::{BasicBlock, BasicBlockId, Cfg};
use crate::location::Location;
use crate::op::ControlFlow;

/// What there is to do about the blocks in which an instruction may have no line.
#[derive(Default)]
struct Lineless {
    /// A block leaves or looks for signals without a line.
    has_exits: bool,
    /// Several ways lead to such a block.
    has_shared_exits: bool,
    /// A block gets the line of the one before it in control flow.
    inherits: bool,
}

impl Cfg {
    /// Gives lines to instructions without any, as far as control flow says which.
    #[inline(never)]
    pub(super) fn resolve_line_numbers(&mut self) {
        let mut blocks = std::mem::take(&mut self.pending);
        let mut found = self.collect_lineless(&mut blocks);
        if found.has_shared_exits {
            self.duplicate_exits_without_lines();
            found = self.collect_lineless(&mut blocks);
        }
        if found.has_exits {
            self.give_lines_to_exits();
        }
        if found.inherits {
            self.propagate_line_numbers();
        } else {
            blocks.iter().for_each(|&id| self[id].propagate_line_numbers());
        }
        blocks.clear();
        self.pending = blocks;
    }

    /// Lists the blocks in which an instruction may have no line.
    fn collect_lineless(&self, blocks: &mut Vec<BasicBlockId>) -> Lineless {
        blocks.clear();
        let mut found = Lineless::default();
        for id in self.block_ids().filter(|&id| self[id].may_have(Contents::LINELESS)) {
            blocks.push(id);
            let needs_line = self.needs_line(id);
            found.has_exits |= needs_line;
            found.has_shared_exits |= needs_line & (self[id].predecessors > 1);
            found.inherits |= self.inherits_line(id);
        }
        found
    }

    /// Whether the block leaves the code object or looks for signals, and has no line to do it on.
    fn needs_line(&self, id: BasicBlockId) -> bool {
        let block = &self[id];
        block.may_have(Contents::LINELESS)
            && block.has_no_line()
            && (block.exits_scope() || block.has_eval_break())
    }

    /// Whether the block begins without a line and gets that of its one predecessor.
    fn inherits_line(&self, id: BasicBlockId) -> bool {
        let block = &self[id];
        block.predecessors == 1
            && block.may_have(Contents::LINELESS)
            && block.instructions().first().is_some_and(|first| first.location.is_none())
    }

    #[inline(never)]
    fn duplicate_exits_without_lines(&mut self) {
        self.for_each_block(|cfg, id| {
            let Some(last) = cfg[id].last().copied().filter(|last| last.is_jump()) else {
                return;
            };
            let target = cfg.next_nonempty(last.target).expect("a jump leads to an instruction");
            if !cfg.needs_line(target) || cfg[target].predecessors <= 1 {
                return;
            }
            let copy = cfg.copy_block(target);
            cfg[copy].place_first(last.location);
            cfg[copy].predecessors = 1;
            cfg[copy].is_labelled = true;
            cfg[copy].next = cfg[target].next;
            cfg[target].predecessors -= 1;
            cfg[target].next = Some(copy);
            if let Some(last) = cfg[id].last_mut() {
                last.target = Some(copy);
            }
        });
    }

    /// Gives lines to the exits that are left: they are reached by falling through alone.
    #[inline(never)]
    fn give_lines_to_exits(&mut self) {
        self.for_each_block(|cfg, id| {
            if let Some(next) = cfg[id].next
                && cfg.needs_line(next)
                && let Some(last) = cfg[id].last().copied()
                && last.op.goes_on()
            {
                cfg[next].place_first(last.location);
            }
        });
    }

    #[inline(never)]
    fn propagate_line_numbers(&mut self) {
        self.for_each_block(|cfg, id| {
            cfg[id].propagate_line_numbers();
            if let Some(next) = cfg[id].next
                && cfg.inherits_line(next)
                && let Some(last) = cfg[id].last()
                && last.op.goes_on()
            {
                let place = last.location;
                cfg[next].instructions_mut()[0].location = place;
            }
            if let Some(last) = cfg[id].last()
                && let Some(target) = last.target
                && cfg.inherits_line(target)
                && last.is_jump()
            {
                let place = last.location;
                cfg[target].instructions_mut()[0].location = place;
            }
        });
    }
}

impl Cfg {
    /// Gives the instructions of a block that have the place of the next one that place, `next` being that of the
    /// first one behind it; gives that of its own first one.
    pub(crate) fn resolve_next_locations(&mut self, id: BasicBlockId, next: Location) -> Location {
        let mut next = next;
        for instruction in self[id].instructions_mut().iter_mut().rev() {
            if instruction.location.is_next() {
                let ends_block = instruction.op.is_scope_exit() || instruction.target.is_some();
                instruction.location = if ends_block { Location::NONE } else { next };
            }
            next = instruction.location;
        }
        next
    }
}

impl BasicBlock {
    /// Gives instructions without a place that of the one before.
    fn propagate_line_numbers(&mut self) {
        if !self.may_have(Contents::LINELESS) {
            return;
        }
        let instructions = self.instructions_mut();
        let mut have_lines = instructions.first().is_none_or(|first| first.location.has_line());
        for index in 1..instructions.len() {
            if instructions[index].location.is_none() {
                instructions[index].location = instructions[index - 1].location;
            }
            have_lines &= instructions[index].location.has_line();
        }
        if have_lines {
            self.contents.remove(Contents::LINELESS);
        }
    }
}
