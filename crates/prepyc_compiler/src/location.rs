//! Where in the source an instruction comes from: what the location table will say of it.
//!
//! Mirrors CPython's `_Py_SourceLocation`, whose special lines -1 and -2 are cases with names here.

use std::fmt;

/// Where in the source an instruction comes from.
///
/// One of: no place at all ([`Location::NONE`]), that of the instruction after it ([`Location::NEXT`]), a line without
/// columns, or a range. Three words more than a line number cost a fifth of the compile; rustc's niches do not reach
/// four cases in 16 bytes, so the cases are told apart by private marks, and by [`Location::line`] and its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Location {
    line: i32,
    end_line: i32,
    column: i32,
    end_column: i32,
}

const NO_LINE: i32 = -1;
const NEXT_LINE: i32 = -2;
const NO_COLUMN: i32 = -1;

impl Location {
    /// No place in the source: clean-up code that only the compiler knows of.
    pub const NONE: Location =
        Location { line: NO_LINE, end_line: NO_LINE, column: NO_COLUMN, end_column: NO_COLUMN };

    /// The place of the next instruction (CPython: `NEXT_LOCATION`; kept as "none" by the tables).
    pub const NEXT: Location =
        Location { line: NEXT_LINE, end_line: NEXT_LINE, column: NEXT_LINE, end_column: NEXT_LINE };

    /// A range: lines from 1 (0 for what precedes a module's first line), columns in UTF-8 bytes from 0.
    #[must_use]
    pub const fn range(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        Location {
            line: line as i32,
            end_line: end_line as i32,
            column: column as i32,
            end_column: end_column as i32,
        }
    }

    /// A line as a whole: its columns are unknown.
    #[must_use]
    pub const fn line_only(line: u32) -> Location {
        Location { line: line as i32, end_line: line as i32, column: NO_COLUMN, end_column: NO_COLUMN }
    }

    /// The line, if it has one.
    #[must_use]
    pub const fn line(self) -> Option<u32> {
        if self.line < 0 { None } else { Some(self.line as u32) }
    }

    /// The last line, if it has one.
    #[must_use]
    pub const fn end_line(self) -> Option<u32> {
        if self.end_line < 0 { None } else { Some(self.end_line as u32) }
    }

    /// The first column and the column after the last, where both are known.
    #[must_use]
    pub const fn columns(self) -> Option<(u32, u32)> {
        if self.column < 0 || self.end_column < 0 {
            None
        } else {
            Some((self.column as u32, self.end_column as u32))
        }
    }

    /// Line, column, last line and column after the last, of a range.
    #[must_use]
    pub const fn span(self) -> Option<(u32, u32, u32, u32)> {
        if self.line | self.end_line | self.column | self.end_column < 0 {
            return None;
        }
        Some((self.line as u32, self.column as u32, self.end_line as u32, self.end_column as u32))
    }

    /// Line, column, last line and column after the last; what is negative is not there.
    #[must_use]
    pub(crate) const fn numbers(self) -> (i32, i32, i32, i32) {
        (self.line, self.column, self.end_line, self.end_column)
    }

    /// Whether it names a line of the source.
    #[must_use]
    pub const fn has_line(self) -> bool {
        self.line >= 0
    }

    /// Whether it is [`Location::NONE`] in all that the passes look at: its line.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.line == NO_LINE
    }

    /// Whether both are the same: as `==`, without a guess at which part differs first.
    #[must_use]
    #[inline]
    pub const fn is(self, other: Location) -> bool {
        (self.line == other.line)
            & (self.column == other.column)
            & (self.end_column == other.end_column)
            & (self.end_line == other.end_line)
    }

    /// Whether it is [`Location::NEXT`].
    #[must_use]
    pub const fn is_next(self) -> bool {
        self.line == NEXT_LINE
    }

    /// Whether both are on one line, or on the same kind of no line.
    #[must_use]
    pub const fn same_line(self, other: Location) -> bool {
        self.line == other.line
    }

    /// Whether both name a line, and not the same one.
    #[must_use]
    pub const fn on_different_lines(self, other: Location) -> bool {
        (self.line >= 0) & (other.line >= 0) & (self.line != other.line)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `none`, `next`, `3` (a line without columns) or `3:4-3:9`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.columns()) {
            (NEXT_LINE, _) => write!(f, "next"),
            (line, _) if line < 0 => write!(f, "none"),
            (line, None) => write!(f, "{line}"),
            (line, Some((column, end))) => write!(f, "{line}:{column}-{}:{end}", self.end_line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn stays_small() {
        assert_eq!(size_of::<Location>(), 16);
    }

    #[test]
    fn special_places_are_no_lines() {
        for place in [Location::NONE, Location::NEXT] {
            assert_eq!(place.line(), None);
            assert_eq!(place.columns(), None);
        }
        assert_ne!(Location::NONE, Location::NEXT);
        assert_eq!(Location::range(0, 0, 1, 0).line(), Some(0));
        assert_eq!(Location::line_only(7).columns(), None);
    }
}
