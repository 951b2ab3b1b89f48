//! The location table (`co_linetable`): where in the source each code unit comes from.
//!
//! An entry covers one to eight code units. Its first byte has the high bit set, a form and the number of units less
//! one; what follows depends on the form (CPython: `InternalDocs/code_objects.md`). Lines are differences to the
//! entry before, beginning at `co_firstlineno`.

use crate::error::{FormatError, FormatErrorKind};

/// Where in the source something stands. Lines count from 1, columns from 0 in UTF-8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// Nowhere: made by the compiler.
    None,
    /// On a line.
    Line(i32),
    /// From a place to another. CPython writes columns together or not at all, but can read either alone.
    Span {
        /// Line of the beginning.
        line: i32,
        /// Line of the end.
        end_line: i32,
        /// Column of the first byte.
        column: Option<u32>,
        /// Column behind the last byte.
        end_column: Option<u32>,
    },
}

/// An entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocationEntry {
    /// How many code units it covers, inline caches included.
    pub code_units: u32,
    /// Where they come from.
    pub location: Location,
}

/// The forms of an entry, in bits 3 to 6 of its first byte. Below [`form::ONE_LINE`]: one more byte; the form is the
/// column's higher bits, the byte's high half the lower three, its low half the width.
mod form {
    /// Up to, not including, two more: two more bytes, the columns; the line difference is the form less this.
    pub(super) const ONE_LINE: u8 = 10;
    pub(super) const NO_COLUMNS: u8 = 13;
    pub(super) const LONG: u8 = 14;
    pub(super) const NONE: u8 = 15;
}

/// Code units that one entry can cover.
const MAX_CODE_UNITS: u32 = 8;

impl Location {
    /// A span on one line or several, with both columns.
    pub const fn span(line: i32, column: u32, end_line: i32, end_column: u32) -> Location {
        Location::Span { line, end_line, column: Some(column), end_column: Some(end_column) }
    }

    /// The line of the beginning.
    pub const fn line(self) -> Option<i32> {
        match self {
            Location::None => None,
            Location::Line(line) | Location::Span { line, .. } => Some(line),
        }
    }
}

/// Writes a location table.
#[derive(Clone, Debug)]
pub struct LocationTableWriter {
    bytes: Vec<u8>,
    /// The line that the next difference is to.
    line: i32,
}

impl LocationTableWriter {
    /// The table of a code object whose `co_firstlineno` is this.
    pub const fn new(firstlineno: i32) -> LocationTableWriter {
        LocationTableWriter { bytes: Vec::new(), line: firstlineno }
    }

    /// As [`LocationTableWriter::new`], in the memory of `bytes`, which [`LocationTableWriter::finish`] gives back.
    pub fn reusing(mut bytes: Vec<u8>, firstlineno: i32) -> LocationTableWriter {
        bytes.clear();
        LocationTableWriter { bytes, line: firstlineno }
    }

    /// The next code units come from there; entries are made as needed, each in its shortest form.
    ///
    /// # Panics
    /// If the location ends on a line before the one it begins on.
    pub fn push(&mut self, mut code_units: u32, location: Location) {
        while code_units > 0 {
            let covered = code_units.min(MAX_CODE_UNITS);
            self.entry(covered, location);
            code_units -= covered;
        }
    }

    /// As [`LocationTableWriter::push`] with a span that has both columns, quickly: nearly all locations are one.
    ///
    /// # Panics
    /// If the location ends on a line before the one it begins on.
    #[inline]
    pub fn push_span(&mut self, mut code_units: u32, line: i32, column: u32, end_line: i32, end_column: u32) {
        while code_units > 0 {
            let covered = code_units.min(MAX_CODE_UNITS);
            let difference = line.wrapping_sub(self.line);
            let is_one_line = (line == end_line) & ((difference as u32) < 3) & ((column | end_column) < 128);
            if is_one_line {
                self.short_entry(covered, difference as u32, column, end_column);
                self.line = line;
            } else {
                self.long_entry(covered, line, column, end_line, end_column);
            }
            code_units -= covered;
        }
    }

    /// As [`LocationTableWriter::push_span`] for what most code is: few code units, from a place on one line. Nothing happens
    /// where it is not that, or memory would have to grow; says whether it is done. Negative numbers are no place.
    #[inline]
    pub fn push_short(
        &mut self,
        code_units: u32,
        line: i32,
        column: i32,
        end_line: i32,
        end_column: i32,
    ) -> bool {
        let difference = line.wrapping_sub(self.line) as u32;
        // All in one: none of it but the whole can be foreseen.
        let is_short = (line == end_line)
            & (difference < 3)
            & (((column | end_column) as u32) < 128)
            & (code_units.wrapping_sub(1) < MAX_CODE_UNITS)
            & (self.bytes.capacity() - self.bytes.len() >= 4);
        if is_short {
            self.short_entry(code_units, difference, column as u32, end_column as u32);
            self.line = line;
        }
        is_short
    }

    /// The table's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn entry(&mut self, code_units: u32, location: Location) {
        let Some(line) = location.line() else {
            self.first_byte(form::NONE, code_units);
            return;
        };
        let difference = i64::from(line) - i64::from(self.line);
        self.line = line;
        let (end_line, columns) = match location {
            Location::None | Location::Line(_) => {
                self.first_byte(form::NO_COLUMNS, code_units);
                self.signed(difference);
                return;
            }
            Location::Span { end_line, column, end_column, .. } => (end_line, (column, end_column)),
        };
        if let (Some(column), Some(end_column)) = columns
            && end_line == line
            && (0..3).contains(&difference)
            && (column | end_column) < 128
        {
            self.short_entry(code_units, difference as u32, column, end_column);
            return;
        }
        self.first_byte(form::LONG, code_units);
        self.signed(difference);
        let lines = i64::from(end_line) - i64::from(line);
        self.unsigned(u64::try_from(lines).expect("a location ends on the line it begins on or later"));
        for column in [columns.0, columns.1] {
            self.unsigned(column.map_or(0, |column| u64::from(column) + 1));
        }
    }

    /// Writes an entry of one of the two forms with few bytes: the columns have seven bits, the line is at most two below.
    ///
    /// Which of the two it is cannot be foreseen: both are made, and bytes enough for either are written.
    #[inline]
    fn short_entry(&mut self, code_units: u32, difference: u32, column: u32, end_column: u32) {
        let first_of = |form: u32| 0x80 | form << 3 | (code_units - 1);
        let width = end_column.wrapping_sub(column);
        let is_shortest = (difference == 0) & (column < 80) & (width < 16);
        // Their bytes, lowest first.
        let shortest = first_of(column >> 3) | (column & 7) << 12 | (width & 15) << 8;
        let one_line = first_of(u32::from(form::ONE_LINE) + difference) | column << 8 | end_column << 16;
        let which = 0_u32.wrapping_sub(u32::from(is_shortest));
        let bytes = shortest & which | one_line & !which;
        let length = self.bytes.len() + 3 - usize::from(is_shortest);
        self.bytes.extend_from_slice(&bytes.to_le_bytes());
        self.bytes.truncate(length);
    }

    /// Writes an entry of the form that has everything, or of whichever it takes where numbers are large.
    #[inline(never)]
    fn long_entry(&mut self, code_units: u32, line: i32, column: u32, end_line: i32, end_column: u32) {
        let difference = line.wrapping_sub(self.line);
        let lines = end_line.wrapping_sub(line) as u32;
        let is_small = ((difference.wrapping_add(31) as u32) < 63) & (lines < 64);
        if !(is_small & (column < MAX_SHORT_COLUMN) & (end_column < MAX_SHORT_COLUMN)) {
            self.entry(code_units, Location::span(line, column, end_line, end_column));
            return;
        }
        let signed = difference.unsigned_abs() << 1 | u32::from(difference < 0);
        let (column, column_bits) = two_sixths(column + 1);
        let (end_column, end_bits) = two_sixths(end_column + 1);
        let first = u32::from(first_byte(form::LONG, code_units)) | signed << 8 | lines << 16;
        // Its bytes, lowest first.
        let bytes = u64::from(first) | (column | end_column << column_bits) << 24;
        let length = self.bytes.len() + 3 + ((column_bits + end_bits) / 8) as usize;
        self.bytes.extend_from_slice(&bytes.to_le_bytes());
        self.bytes.truncate(length);
        self.line = line;
    }

    fn first_byte(&mut self, form: u8, code_units: u32) {
        self.bytes.push(first_byte(form, code_units));
    }

    /// Six bits a byte, lowest first; bit 6 says that more follow.
    fn unsigned(&mut self, mut number: u64) {
        while number >= 0x40 {
            self.bytes.push(0x40 | (number & 0x3F) as u8);
            number >>= 6;
        }
        self.bytes.push(number as u8);
    }

    fn signed(&mut self, number: i64) {
        self.unsigned(number.unsigned_abs() << 1 | u64::from(number < 0));
    }
}

/// Columns from here on take more than two bytes of six bits in the long form, which counts them from one.
const MAX_SHORT_COLUMN: u32 = (1 << 12) - 1;

/// A number of at most twelve bits in one byte or two, six bits a byte, lowest first, and how many bits they are.
#[inline]
fn two_sixths(number: u32) -> (u64, u32) {
    let more = u32::from(number >= 0x40);
    let bytes = number & 0x3F | more << 6 | number >> 6 << 8;
    (bytes.into(), 8 + 8 * more)
}

const fn first_byte(form: u8, code_units: u32) -> u8 {
    0x80 | form << 3 | (code_units - 1) as u8
}

/// Reads a location table, entry by entry; after an error there is nothing more.
#[derive(Clone, Debug)]
pub struct LocationTable<'a> {
    bytes: &'a [u8],
    position: usize,
    line: i32,
}

impl<'a> LocationTable<'a> {
    /// The table with these bytes, of a code object whose `co_firstlineno` is this.
    pub const fn new(bytes: &'a [u8], firstlineno: i32) -> LocationTable<'a> {
        LocationTable { bytes, position: 0, line: firstlineno }
    }

    fn entry(&mut self) -> Option<LocationEntry> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return None;
        }
        let code_units = u32::from(first & 7) + 1;
        let form = first >> 3 & 0xF;
        let location = match form {
            form::NONE => Location::None,
            form::NO_COLUMNS => {
                let difference = self.signed()?;
                self.add_lines(difference)?;
                Location::Line(self.line)
            }
            form::LONG => self.long_entry()?,
            form::ONE_LINE..form::NO_COLUMNS => {
                self.add_lines(i64::from(form - form::ONE_LINE))?;
                let [column, end_column] = [self.byte()?, self.byte()?];
                Location::span(self.line, u32::from(column), self.line, u32::from(end_column))
            }
            _ => {
                let byte = u32::from(self.byte()?);
                let column = u32::from(form) << 3 | byte >> 4;
                Location::span(self.line, column, self.line, column + (byte & 0xF))
            }
        };
        Some(LocationEntry { code_units, location })
    }

    fn long_entry(&mut self) -> Option<Location> {
        let difference = self.signed()?;
        self.add_lines(difference)?;
        let lines = i64::try_from(self.unsigned()?).ok()?;
        let end_line = i32::try_from(i64::from(self.line).checked_add(lines)?).ok()?;
        let mut columns = [None; 2];
        for column in &mut columns {
            *column = match self.unsigned()? {
                0 => None,
                number => Some(u32::try_from(number - 1).ok()?),
            };
        }
        Some(Location::Span { line: self.line, end_line, column: columns[0], end_column: columns[1] })
    }

    fn add_lines(&mut self, difference: i64) -> Option<()> {
        self.line = i32::try_from(i64::from(self.line).checked_add(difference)?).ok()?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.position).copied();
        self.position += usize::from(byte.is_some());
        byte
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..60).step_by(6) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x3F) << shift;
            if byte & 0x40 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        let magnitude = (number >> 1) as i64;
        Some(if number & 1 == 0 { magnitude } else { -magnitude })
    }
}

impl Iterator for LocationTable<'_> {
    type Item = Result<LocationEntry, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.bytes.len() {
            return None;
        }
        let start = self.position;
        let entry = self.entry();
        if entry.is_none() {
            self.position = self.bytes.len();
        }
        Some(entry.ok_or(FormatError { kind: FormatErrorKind::LocationTable, offset: start }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(entries: &[LocationEntry], firstlineno: i32) -> Vec<u8> {
        let mut writer = LocationTableWriter::new(firstlineno);
        for entry in entries {
            writer.push(entry.code_units, entry.location);
        }
        writer.finish()
    }

    /// Written by CPython 3.13 for `def f(a):\n    return a + \\\n        1\n`.
    #[test]
    fn a_table_of_cpython_is_understood() {
        let bytes = b"\x80\x00\xd8\x0b\x0c\xd8\x08\t\xf1\x03\x01\x0c\n\xf0\x00\x01\x05\n";
        let entries: Vec<_> = LocationTable::new(bytes, 1).collect::<Result<_, _>>().unwrap();
        let spans = [
            (1, (1, 0, 1, 0)),
            (1, (2, 11, 2, 12)),
            (1, (3, 8, 3, 9)),
            (2, (2, 11, 3, 9)),
            (1, (2, 4, 3, 9)),
        ];
        let expected = spans.map(|(code_units, (line, column, end_line, end_column))| LocationEntry {
            code_units,
            location: Location::span(line, column, end_line, end_column),
        });
        assert_eq!(entries, expected);
        assert_eq!(encode(&entries, 1), bytes);
    }

    #[test]
    fn each_form_is_used_where_it_is_shortest() {
        let form = |location| encode(&[LocationEntry { code_units: 3, location }], 10);
        assert_eq!(form(Location::None), [0x80 | 15 << 3 | 2]);
        assert_eq!(form(Location::Line(9)), [0x80 | 13 << 3 | 2, 0b11]);
        assert_eq!(form(Location::span(10, 79, 10, 94)), [0x80 | 9 << 3 | 2, 0x7F]);
        assert_eq!(form(Location::span(10, 79, 10, 95)), [0x80 | 10 << 3 | 2, 79, 95]);
        assert_eq!(form(Location::span(12, 5, 12, 4)), [0x80 | 12 << 3 | 2, 5, 4]);
        assert_eq!(form(Location::span(12, 5, 13, 4)), [0x80 | 14 << 3 | 2, 0b100, 1, 6, 5]);
        assert_eq!(form(Location::span(13, 5, 13, 4)), [0x80 | 14 << 3 | 2, 0b110, 0, 6, 5]);
        assert_eq!(form(Location::span(10, 200, 10, 201)), [0x80 | 14 << 3 | 2, 0, 0, 73, 3, 74, 3]);
    }

    #[test]
    fn many_code_units_take_several_entries() {
        let bytes = encode(&[LocationEntry { code_units: 20, location: Location::Line(12) }], 10);
        let entries: Vec<_> = LocationTable::new(&bytes, 10).collect::<Result<_, _>>().unwrap();
        let expected = [8, 8, 4].map(|code_units| LocationEntry { code_units, location: Location::Line(12) });
        assert_eq!(entries, expected);
    }

    #[test]
    fn malformed_tables_are_errors() {
        for bytes in [
            &b"\x00"[..],
            b"\x80",
            b"\xd8\x01",
            b"\xf0\x40",
            b"\xe8\x7f\x7f\x7f\x7f\x7f\x7f\x00",
            b"\xf0\x00\x00\x00",
        ] {
            assert!(LocationTable::new(bytes, 1).any(|entry| entry.is_err()), "{bytes:?}");
        }
    }

    fn locations() -> impl Strategy<Value = Location> {
        let columns = prop_oneof![0..100_u32, 0..200_u32, any::<u32>().prop_map(|column| column >> 1)];
        let line = prop_oneof![-5..300_i32, any::<i32>().prop_map(|line| line >> 2)];
        let span = (line.clone(), 0..3_i32, columns.clone(), columns).prop_map(
            |(line, lines, column, end_column)| Location::span(line, column, line + lines, end_column),
        );
        prop_oneof![1 => Just(Location::None), 2 => line.prop_map(Location::Line), 6 => span]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            locations in prop::collection::vec((1..=8_u32, locations()), 0..40),
            firstlineno in 0..1000_i32,
        ) {
            let entries: Vec<_> = locations
                .into_iter()
                .map(|(code_units, location)| LocationEntry { code_units, location })
                .collect();
            let read: Vec<_> =
                LocationTable::new(&encode(&entries, firstlineno), firstlineno).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn any_bytes_give_entries_or_an_error(bytes: Vec<u8>, firstlineno: i32) {
            let entries = LocationTable::new(&bytes, firstlineno).count();
            prop_assert!(entries <= bytes.len());
        }
    }
}
