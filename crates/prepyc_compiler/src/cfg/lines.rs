//! Lines for the instructions that have none.
//!
//! Mirrors `resolve_line_numbers` (`Python/flowgraph.c`). PEP 626 wants the line of an instruction that leaves a frame
//! to be right; code without a line gets it from the one way that leads there, and is copied where there are several.

use super::contents::Contents;
use super::{BasicBlockId, Cfg};
use crate::location::Location;

impl Cfg {
    /// Gives lines to instructions without any, as far as control flow says which.
    pub(super) fn resolve_line_numbers(&mut self) {
        if self.may_have(Contents::LINELESS) {
            self.duplicate_exits_without_lines();
            self.propagate_line_numbers();
        }
    }

    /// Whether the block leaves the code object or looks for signals, and has no line to do it on.
    fn needs_line(&self, id: BasicBlockId) -> bool {
        let block = &self[id];
        block.may_have(Contents::LINELESS)
            && block.has_no_line()
            && (block.exits_scope() || block.has_eval_break())
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
        // What is left is reached by falling through alone.
        self.for_each_block(|cfg, id| {
            if let Some(next) = cfg[id].next
                && let Some(last) = cfg[id].last().copied()
                && cfg[id].has_fallthrough()
                && cfg.needs_line(next)
            {
                cfg[next].place_first(last.location);
            }
        });
    }

    #[inline(never)]
    fn propagate_line_numbers(&mut self) {
        self.for_each_block(|cfg, id| {
            let block = &mut cfg[id];
            if block.may_have(Contents::LINELESS) {
                let mut place = Location::NONE;
                for instruction in block.instructions_mut() {
                    if instruction.location.is_none() {
                        instruction.location = place;
                    } else {
                        place = instruction.location;
                    }
                }
                if block.instructions().iter().all(|instruction| instruction.location.has_line()) {
                    block.contents.remove(Contents::LINELESS);
                }
            }
            let Some(last) = block.last().copied() else {
                return;
            };
            let place = last.location;
            if let Some(next) = cfg[id].next.filter(|_| cfg[id].has_fallthrough()) {
                cfg.inherit_location(next, place);
            }
            if last.is_jump()
                && let Some(target) = last.target
            {
                cfg.inherit_location(target, place);
            }
        });
    }

    /// Gives the place to the first instruction of a block that has but one predecessor, unless it has one.
    fn inherit_location(&mut self, id: BasicBlockId, place: Location) {
        let block = &mut self[id];
        if block.may_have(Contents::LINELESS)
            && block.predecessors == 1
            && let Some(first) = block.instructions_mut().first_mut()
            && first.location.is_none()
        {
            first.location = place;
        }
    }
}
