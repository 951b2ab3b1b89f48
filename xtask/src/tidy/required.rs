//! What a visitor relies on is there: the licences, the README's two commands, and the CI that calls the second.

use super::Finding;
use super::tree::Tree;

/// The README's first command begins so, and does the main job.
const RUN: &str = "cargo run --release -p prepyc -- compile ";
/// The README's second command runs all tests.
const TEST: &str = "cargo xtask ci";

/// Whatever of it is missing.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, must_say) in [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Apache License"),
        ("CONTRIBUTING.md", TEST),
        ("README.md", RUN),
        ("README.md", TEST),
        (".ci/run", TEST),
        (".cargo/config.toml", "xtask = "),
        ("crates/prepyc/Cargo.toml", "name = \"prepyc\""),
        ("crates/prepyc/src/bin/prepyc.rs", "fn main"),
    ] {
        match tree.text(path) {
            None => findings.push(Finding::failure(path, 0, "is missing")),
            Some(text) if !text.contains(must_say) => {
                findings.push(Finding::failure(path, 0, format!("does not say `{}`", must_say.trim())));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_and_a_missing_command_are_found() {
        let tree = Tree::of(&[("README.md", "Run `cargo run --release -p prepyc -- compile x`.\n")]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| (finding.path, finding.message)).collect();
        assert!(found.contains(&("LICENSE-MIT".to_owned(), "is missing".to_owned())));
        assert!(found.contains(&("README.md".to_owned(), "does not say `cargo xtask ci`".to_owned())));
        assert!(!found.iter().any(|(_, message)| message.contains("cargo run")));
    }
}
