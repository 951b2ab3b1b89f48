//! `cargo xtask tidy`: the house rules, held against every file that git would track.
//!
//! Each rule is a pure function from the [`Tree`] to its findings, with tests of its own on a made-up violation.

mod edges;
mod exceptions;
mod gaps;
mod modules;
mod registries;
mod required;
mod sizes;
mod source;
mod text;
mod tree;
mod versions;

use std::io::{self, Write};

use anyhow::bail;

use crate::workspace;
use source::RustFile;
use tree::Tree;

/// One place where a rule is broken, or nearly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the project's folder.
    path: String,
    /// The line it is about, from 1; 0 where it is about the whole file.
    line: usize,
    /// What is wrong and what to do.
    message: String,
    weight: Weight,
}

/// Whether a finding fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Failure,
    Warning,
}

impl Finding {
    fn failure(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into(), weight: Weight::Failure }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { weight: Weight::Warning, ..Finding::failure(path, line, message) }
    }
}

/// Every finding of every rule, sorted.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rust_files = RustFile::parse_all(tree, &mut findings);
    findings.extend(edges::check(tree));
    findings.extend(sizes::check(tree, &rust_files));
    findings.extend(modules::check(&rust_files));
    findings.extend(versions::check(&rust_files));
    findings.extend(text::check(tree));
    findings.extend(registries::check(tree));
    findings.extend(required::check(tree));
    findings.extend(gaps::check(tree));
    findings.sort();
    findings.dedup();
    findings
}

/// Holds the rules against the project and prints what breaks them.
pub(crate) fn run() -> anyhow::Result<()> {
    let tree = Tree::read(&workspace::root())?;
    let findings = check(&tree);
    let mut out = io::stdout().lock();
    for Finding { path, line, message, weight } in &findings {
        let place = if *line == 0 { path.clone() } else { format!("{path}:{line}") };
        let label = if *weight == Weight::Warning { "warning: " } else { "" };
        writeln!(out, "{place}: {label}{message}")?;
    }
    let failures = findings.iter().filter(|finding| finding.weight == Weight::Failure).count();
    writeln!(out, "tidy: {} files, {failures} failures", tree.files().len())?;
    if failures > 0 {
        bail!("{failures} house rules are broken");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_keeps_its_rules() {
        let tree = Tree::read(&workspace::root()).expect("the tree is readable");
        assert!(tree.files().len() > 20, "the walk found the project");
        let failures: Vec<_> =
            check(&tree).into_iter().filter(|finding| finding.weight == Weight::Failure).collect();
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
