//! `.bazelrc` files.

use std::fmt;

use crate::package::Location;

/// Where a word of the whole command line was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Typed.
    CommandLine,
    /// A line of a `.bazelrc`.
    File(Location),
}

impl fmt::Display for Origin {
    /// `command line`, `.bazelrc:3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine => f.write_str("command line"),
            Origin::File(location) => location.fmt(f),
        }
    }
}
