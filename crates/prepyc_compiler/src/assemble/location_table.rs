//! The location table: which part of the source each stretch of code comes from.
//!
//! Mirrors `assemble_location_info` (`Python/assemble.c`). One entry, or as many as it takes, for each run of
//! instructions from one place; the form is [`LocationTableWriter`]'s business.

use prepyc_bytecode::LocationTableWriter;

use crate::location::Location;

/// Whether the places of all instructions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// They are.
    AllKnown,
    /// Some are those of next instructions: the table is not right yet.
    SomeAreNext,
}

/// A location table being written, a run of instructions from one place at a time.
pub(super) struct LocationRuns {
    writer: LocationTableWriter,
    /// Where the run at hand comes from.
    place: Location,
    /// How many code units it has.
    units: u32,
    places: Places,
}

impl LocationRuns {
    /// The table of a code object whose `co_firstlineno` is this, in the memory given.
    pub(super) fn begin(memory: Vec<u8>, firstlineno: u32) -> LocationRuns {
        let writer = LocationTableWriter::reusing(memory, firstlineno as i32);
        LocationRuns { writer, place: Location::NONE, units: 0, places: Places::AllKnown }
    }

    /// The next code units come from there.
    #[inline]
    pub(super) fn push(&mut self, units: u32, place: Location) {
        if !place.is(self.place) {
            self.write_run();
            self.place = place;
            self.units = 0;
        }
        self.units += units;
    }

    /// The table's bytes, and whether they are right.
    pub(super) fn finish(mut self) -> (Vec<u8>, Places) {
        self.write_run();
        (self.writer.finish(), self.places)
    }

    #[inline(never)]
    fn write_run(&mut self) {
        let (line, column, end_line, end_column) = self.place.numbers();
        if !self.writer.push_short(self.units, line, column, end_line, end_column) {
            self.write_long_run();
        }
    }

    /// Apart, so that the common case needs no room on the stack.
    #[inline(never)]
    fn write_long_run(&mut self) {
        if let Some((line, column, end_line, end_column)) = self.place.span() {
            self.writer.push_span(self.units, line as i32, column, end_line as i32, end_column);
            return;
        }
        if self.place.is_next() {
            self.places = Places::SomeAreNext;
        }
        self.writer.push(self.units, written(self.place));
    }
}

/// The place as the table knows it.
#[inline]
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
