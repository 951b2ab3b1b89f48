//! The location table: which part of the source each stretch of code comes from.
//!
//! Mirrors `assemble_location_info` (`Python/assemble.c`); the form is described in CPython's
//! `InternalDocs/code_objects.md`. Entries cover up to eight code units each and take the shortest form that fits.

use super::Placed;
use crate::location::Location;

/// An entry covers at most this many code units.
const MAX_UNITS: u32 = 8;

const CODE_ONE_LINE: u32 = 10;
const CODE_NO_COLUMNS: u32 = 13;
const CODE_LONG: u32 = 14;
const CODE_NONE: u32 = 15;

/// Writes the table of these instructions over what `table` holds.
pub(super) fn write(instructions: &[Placed], firstlineno: u32, table: &mut Vec<u8>) {
    table.clear();
    let mut writer = Writer { table, line: firstlineno };
    let (mut place, mut units) = (Location::NONE, 0);
    for instruction in instructions {
        if instruction.location != place {
            writer.write_stretch(place, units);
            place = instruction.location;
            units = 0;
        }
        units += instruction.size;
    }
    writer.write_stretch(place, units);
}

struct Writer<'a> {
    table: &'a mut Vec<u8>,
    /// The line of the entry before.
    line: u32,
}

impl Writer<'_> {
    fn write_stretch(&mut self, place: Location, units: u32) {
        let mut left = units;
        while left > 0 {
            self.write_entry(place, left.min(MAX_UNITS));
            left = left.saturating_sub(MAX_UNITS);
        }
    }

    fn write_entry(&mut self, place: Location, units: u32) {
        let Some(line) = place.line() else {
            self.write_start(CODE_NONE, units);
            return;
        };
        let delta = i64::from(line) - i64::from(self.line);
        self.line = line;
        let is_one_line = place.end_line() == Some(line);
        match place.columns() {
            None if is_one_line || place.end_line().is_none() => {
                self.write_start(CODE_NO_COLUMNS, units);
                self.write_signed(delta);
                return;
            }
            Some((start, end)) if is_one_line => {
                if delta == 0 && start < 80 && end >= start && end - start < 16 {
                    self.write_start(start >> 3, units);
                    self.table.push(((start & 7) << 4 | (end - start)) as u8);
                    return;
                }
                if (0..3).contains(&delta) && start < 128 && end < 128 {
                    self.write_start(CODE_ONE_LINE + delta as u32, units);
                    self.table.extend([start as u8, end as u8]);
                    return;
                }
            }
            _ => {}
        }
        let (start, end) = place.columns().map_or((0, 0), |(start, end)| (start + 1, end + 1));
        self.write_start(CODE_LONG, units);
        self.write_signed(delta);
        self.write_number(place.end_line().unwrap_or(line) - line);
        self.write_number(start);
        self.write_number(end);
    }

    fn write_start(&mut self, code: u32, units: u32) {
        self.table.push(0x80 | (code << 3) as u8 | (units - 1) as u8);
    }

    /// Six bits a byte, lowest first.
    fn write_number(&mut self, value: u32) {
        let mut rest = value;
        while rest >= 0x40 {
            self.table.push(0x40 | (rest & 0x3F) as u8);
            rest >>= 6;
        }
        self.table.push(rest as u8);
    }

    /// The sign in the lowest bit.
    fn write_signed(&mut self, value: i64) {
        let magnitude = value.unsigned_abs() as u32;
        self.write_number(magnitude << 1 | u32::from(value < 0));
    }
}
