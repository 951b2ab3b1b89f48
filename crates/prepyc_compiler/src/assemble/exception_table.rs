//! The exception table: which handler covers which code.
//!
//! Mirrors `assemble_exception_table` (`Python/assemble.c`). One entry for each run of instructions under one handler.

use prepyc_bytecode::exception_table::{ExceptionEntry, write_entry};

use super::Assembler;
use crate::cfg::{BasicBlockId, Cfg};

/// A place in the code from which on another handler is in force, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandlerTurn {
    /// In code units from the start of the code.
    pub(super) offset: u32,
    pub(super) handler: Option<BasicBlockId>,
}

impl Assembler {
    /// Writes the table of code of that many code units over what `table` holds.
    pub(super) fn write_exception_table(&mut self, cfg: &Cfg, size: u32) {
        self.table.clear();
        if !cfg.has_handlers() {
            return;
        }
        let place_of = |handler: BasicBlockId| self.places[handler.index()];
        let mut open = HandlerTurn { offset: 0, handler: None };
        for &turn in &self.turns {
            // Handlers that stand at one place are one.
            if open.handler.map(place_of) != turn.handler.map(place_of) {
                write_range(&mut self.table, cfg, &self.offsets, open, turn.offset);
                open = turn;
            }
        }
        write_range(&mut self.table, cfg, &self.offsets, open, size);
    }
}

/// Writes the entry of a range that ends there.
fn write_range(table: &mut Vec<u8>, cfg: &Cfg, offsets: &[u32], range: HandlerTurn, end: u32) {
    let Some(handler) = range.handler else {
        return;
    };
    let target = offsets[handler.index()];
    // The depth at the handler counts what it is given: the exception, and the offset if it wants it.
    let lasti = cfg[handler].preserves_lasti();
    let depth = cfg[handler].start_depth() - 1 - u32::from(lasti);
    write_entry(table, &ExceptionEntry { start: range.offset, end, target, depth, lasti });
}
