//! The list of justified exceptions to the size rules, in one file: `xtask/exceptions.txt`.
//!
//! A line is `PATH: REASON` for a file, `PATH::FUNCTION: REASON` for a function; `#` begins a comment.
//! An exception that nothing needs any more is itself a failure, so that the list only shrinks.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

/// Where the list stands.
pub(super) const PATH: &str = "xtask/exceptions.txt";

/// What is excepted, and which of it was needed.
pub(super) struct Exceptions<'a> {
    lines: BTreeMap<&'a str, usize>,
    malformed: Vec<Finding>,
    used: RefCell<Vec<String>>,
}

impl<'a> Exceptions<'a> {
    /// Reads the list; a project without one has no exceptions.
    pub(super) fn read(tree: &'a Tree) -> Exceptions<'a> {
        let mut lines = BTreeMap::new();
        let mut malformed = Vec::new();
        for (index, line) in tree.text(PATH).unwrap_or_default().lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once(": ") {
                Some((what, reason)) if !reason.trim().is_empty() => drop(lines.insert(what, index + 1)),
                _ => malformed.push(Finding::failure(PATH, index + 1, "an exception is `WHAT: REASON`")),
            }
        }
        Exceptions { lines, malformed, used: RefCell::default() }
    }

    /// Whether `what` is excepted; remembers that it was asked for.
    pub(super) fn allow(&self, what: &str) -> bool {
        let found = self.lines.contains_key(what);
        if found {
            self.used.borrow_mut().push(what.to_owned());
        }
        found
    }

    /// What is wrong with the list itself, once every rule has asked.
    pub(super) fn findings(self) -> Vec<Finding> {
        let used = self.used.into_inner();
        let mut findings = self.malformed;
        for (what, line) in self.lines {
            if !used.iter().any(|name| name == what) {
                findings.push(Finding::failure(PATH, line, format!("{what} needs no exception any more")));
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_reason_and_an_unneeded_one_are_found() {
        let tree = Tree::of(&[(PATH, "# why\na.rs: one table\nb.rs\nc.rs: gone\n")]);
        let exceptions = Exceptions::read(&tree);
        assert!(exceptions.allow("a.rs"));
        assert!(!exceptions.allow("b.rs"));
        let lines: Vec<_> = exceptions.findings().into_iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3, 4]);
    }
}
