//! The exception table: which handler covers which code.
//!
//! Mirrors `assemble_exception_table` (`Python/assemble.c`). One entry for each run of instructions under one handler.

use prepyc_bytecode::exception_table::{ExceptionEntry, write_entry};

use super::Assembler;
use crate::cfg::{BasicBlockId, Cfg};
use crate::instruction_set::InstructionSet;

/// Instructions under one handler, or under none, that may go on.
struct Range {
    start: u32,
    handler: Option<BasicBlockId>,
}

impl Assembler {
    /// Writes the table over what `table` holds.
    pub(super) fn write_exception_table(&mut self, cfg: &Cfg, set: &InstructionSet) {
        self.table.clear();
        if !cfg.has_handlers() {
            return;
        }
        let mut open = Range { start: 0, handler: None };
        let mut offset = 0;
        for index in 0..self.blocks.len() {
            let block = self.blocks[index];
            for instruction in cfg[block.id].instructions() {
                if instruction.handler != open.handler {
                    open = self.turn_to_handler(cfg, open, instruction.handler, offset);
                }
                offset += match (instruction.target, block.jump) {
                    (Some(_), Some(jump)) => jump.size,
                    _ => set.size_of(instruction.op, instruction.oparg),
                };
            }
        }
        self.close_range(cfg, &open, offset);
    }

    /// The code from `offset` on is under another handler: the range ends, unless both stand at one place.
    fn turn_to_handler(
        &mut self,
        cfg: &Cfg,
        open: Range,
        handler: Option<BasicBlockId>,
        offset: u32,
    ) -> Range {
        let place_of = |handler: BasicBlockId| self.places[handler.index()];
        if open.handler.map(place_of) == handler.map(place_of) {
            return open;
        }
        self.close_range(cfg, &open, offset);
        Range { start: offset, handler }
    }

    fn close_range(&mut self, cfg: &Cfg, range: &Range, end: u32) {
        let Some(handler) = range.handler else {
            return;
        };
        let target = self.offsets[handler.index()];
        // The depth at the handler counts what it is given: the exception, and the offset if it wants it.
        let lasti = cfg[handler].preserves_lasti();
        let depth = cfg[handler].start_depth() - 1 - u32::from(lasti);
        write_entry(&mut self.table, &ExceptionEntry { start: range.start, end, target, depth, lasti });
    }
}
