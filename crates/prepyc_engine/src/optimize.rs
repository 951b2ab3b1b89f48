//! The optimisation level a file is compiled at.

use std::fmt;

/// What `compile(optimize=…)` is told: which `assert`s, `__debug__` blocks and docstrings stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Optimize {
    /// Level 0: everything stays.
    None,
    /// Level 1 (`-O`): without asserts and `if __debug__` blocks.
    Asserts,
    /// Level 2 (`-OO`): without docstrings as well.
    Docstrings,
}

impl Optimize {
    /// All levels, lowest first.
    pub const ALL: [Optimize; 3] = [Optimize::None, Optimize::Asserts, Optimize::Docstrings];

    /// The number CPython knows it by: 0, 1 or 2.
    pub const fn level(self) -> u8 {
        match self {
            Optimize::None => 0,
            Optimize::Asserts => 1,
            Optimize::Docstrings => 2,
        }
    }

    /// The level of that number; `None` for any but 0, 1 and 2.
    pub const fn from_level(level: i64) -> Option<Optimize> {
        match level {
            0 => Some(Optimize::None),
            1 => Some(Optimize::Asserts),
            2 => Some(Optimize::Docstrings),
            _ => None,
        }
    }
}

impl fmt::Display for Optimize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level())
    }
}
