//! What the stages warn of: CPython's `SyntaxWarning`s, each once.

use std::collections::HashSet;
use std::fmt;

pub use prepyc_syntax::WarningKind;
use rustc_hash::FxBuildHasher;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// Its category.
    pub kind: WarningKind,
    /// Its text.
    pub message: String,
    /// The line it is reported at, from 1.
    pub lineno: u32,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (line {})", self.kind.name(), self.message, self.lineno)
    }
}

/// Warnings in the order in which they are issued, those of the same text, category and line once.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    issued: Vec<Warning>,
    known: HashSet<Warning, FxBuildHasher>,
}

impl Warnings {
    pub(crate) fn issue(&mut self, message: impl Into<String>, lineno: u32) {
        self.add(Warning { kind: WarningKind::Syntax, message: message.into(), lineno });
    }

    /// What the parser warned of.
    pub(crate) fn extend(&mut self, warnings: Vec<prepyc_syntax::Warning>) {
        for prepyc_syntax::Warning { kind, message, lineno } in warnings {
            self.add(Warning { kind, message, lineno });
        }
    }

    fn add(&mut self, warning: Warning) {
        if self.known.insert(warning.clone()) {
            self.issued.push(warning);
        }
    }

    pub(crate) fn into_list(self) -> Vec<Warning> {
        self.issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_kept_once_a_line() {
        let mut warnings = Warnings::default();
        for (message, line) in [("b", 2), ("a", 2), ("b", 2), ("b", 1)] {
            warnings.issue(message, line);
        }
        let shown: Vec<String> = warnings.into_list().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["SyntaxWarning: b (line 2)", "SyntaxWarning: a (line 2)", "SyntaxWarning: b (line 1)"]
        );
    }
}
