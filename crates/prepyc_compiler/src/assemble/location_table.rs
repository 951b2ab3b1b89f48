//! The location table: which part of the source each stretch of code comes from.
//!
//! Mirrors `assemble_location_info` (`Python/assemble.c`). One entry, or as many as it takes, for each run of
//! instructions from one place; the form is [`LocationTableWriter`]'s business.

use prepyc_bytecode::LocationTableWriter;

use super::Assembler;
use crate::location::Location;

impl Assembler {
    /// Writes the table over what `table` holds.
    pub(super) fn write_location_table(&mut self, firstlineno: u32) {
        let memory = std::mem::take(&mut self.table);
        let mut writer = LocationTableWriter::reusing(memory, firstlineno as i32);
        let (mut place, mut units) = (Location::NONE, 0);
        for (instruction, &location) in self.instructions.iter().zip(&self.locations) {
            if location != place {
                writer.push(units, written(place));
                place = location;
                units = 0;
            }
            units += u32::from(instruction.size);
        }
        writer.push(units, written(place));
        self.table = writer.finish();
    }
}

/// The place as the table knows it.
fn written(place: Location) -> prepyc_bytecode::Location {
    let (Some(line), Some(end_line)) = (place.line(), place.end_line()) else {
        return prepyc_bytecode::Location::None;
    };
    let (line, end_line) = (line as i32, end_line as i32);
    match place.columns() {
        Some((column, end_column)) => prepyc_bytecode::Location::span(line, column, end_line, end_column),
        None if line == end_line => prepyc_bytecode::Location::Line(line),
        None => prepyc_bytecode::Location::Span { line, end_line, column: None, end_column: None },
    }
}
