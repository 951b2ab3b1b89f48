//! The exception table: which handler covers which code.
//!
//! Mirrors `assemble_exception_table` (`Python/assemble.c`). One entry for each run of instructions under one handler.

use prepyc_bytecode::exception_table::{ExceptionEntry, write_entry};

use super::{Assembler, Handler};

impl Assembler {
    /// Writes the table over what `table` holds.
    pub(super) fn write_exception_table(&mut self) {
        self.table.clear();
        let mut open: Option<(u32, Handler)> = None;
        let mut end = 0;
        for index in 0..self.handlers.len() {
            let (instruction, handler) = (&self.instructions[index], self.handlers[index]);
            if open.map(|(_, open)| open.place) != handler.map(|handler| handler.place) {
                let start = instruction.offset;
                self.close_range(open, start);
                open = handler.map(|handler| (start, handler));
            }
            end = self.instructions[index].end();
        }
        self.close_range(open, end);
    }

    fn close_range(&mut self, open: Option<(u32, Handler)>, end: u32) {
        let Some((start, handler)) = open else {
            return;
        };
        let target = self.instructions[handler.place as usize].offset;
        // The depth at the handler counts what it is given: the exception, and the offset if it wants it.
        let depth = handler.depth - 1 - u32::from(handler.preserves_lasti);
        let entry = ExceptionEntry { start, end, target, depth, lasti: handler.preserves_lasti };
        write_entry(&mut self.table, &entry);
    }
}
