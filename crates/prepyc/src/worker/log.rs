//! What goes to stderr, which all requests share: nothing, unless it was asked for.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

/// How much is said, by the names of Python's `logging`, which rules_python's precompiler takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// What ends the process; this is always said.
    #[default]
    Error,
    /// What is odd.
    Warning,
    /// Start and end.
    Info,
    /// Every request.
    Debug,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        match text.to_ascii_uppercase().as_str() {
            "CRITICAL" | "FATAL" | "ERROR" => Ok(Level::Error),
            "WARNING" | "WARN" => Ok(Level::Warning),
            "INFO" => Ok(Level::Info),
            "DEBUG" | "NOTSET" => Ok(Level::Debug),
            _ => Err("it is ERROR, WARNING, INFO or DEBUG".to_owned()),
        }
    }
}

/// Says something at a level to whoever reads stderr.
pub(super) fn say(wanted: Level, level: Level, message: fmt::Arguments<'_>) {
    if level <= wanted {
        // With nobody there to read it, there is nobody to tell that either.
        let _ = writeln!(io::stderr().lock(), "prepyc-worker: {message}");
    }
}
