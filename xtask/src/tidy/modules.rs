//! Modules are named after a noun, open by saying what they are for, and leave no test out.

use syn::visit::{self, Visit};

use super::Finding;
use super::source::{self, RustFile};

/// Names that say nothing about what is inside.
const NAMELESS: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "core", "misc", "stuff"];

/// Every nameless module, every file without `//!` at its head, every test that is switched off.
pub(super) fn check(rust_files: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rust in rust_files {
        let path = &rust.file.path;
        if !rust.file.text.starts_with("//!") {
            findings.push(Finding::failure(path, 1, "a file begins with //! and what it is for"));
        }
        let mut components = path.trim_end_matches(".rs").split('/');
        if let Some(name) = components.find(|name| NAMELESS.contains(name)) {
            findings.push(Finding::failure(path, 0, format!("{name} is no noun: name what it holds")));
        }
        let mut modules = Modules(Vec::new());
        modules.visit_file(&rust.syntax);
        for (name, line) in modules.0 {
            findings.push(Finding::failure(path, line, format!("mod {name}: name what it holds")));
        }
        for (name, line) in source::attributes(&rust.syntax) {
            if name == "ignore" {
                findings.push(Finding::failure(path, line, "a test that is ignored: mend it or delete it"));
            }
        }
    }
    findings
}

/// Collects the modules with a nameless name.
struct Modules(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if NAMELESS.contains(&name.as_str()) {
            self.0.push((name, item.ident.span().start().line));
        }
        visit::visit_item_mod(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let findings = RustFile::check_one(path, text, check);
        findings.into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert!(found("a.rs", "//! What for.\nfn f() {}\n").is_empty());
        assert_eq!(found("a.rs", "/// Not it.\nfn f() {}\n")[0].0, 1);
    }

    #[test]
    fn nameless_modules_are_found_as_files_folders_and_inline() {
        assert_eq!(found("crates/a/src/util.rs", "//! A.\n").len(), 1);
        assert_eq!(found("crates/a/tests/common/mod.rs", "//! A.\n").len(), 1);
        assert_eq!(
            found("a.rs", "//! A.\nmod helpers {}\n"),
            [(2, "mod helpers: name what it holds".to_owned())]
        );
        assert!(found("crates/a/src/corelib.rs", "//! A.\n").is_empty());
    }

    #[test]
    fn an_ignored_test_is_found_with_or_without_a_reason() {
        for attribute in ["#[ignore]", "#[ignore = \"slow\"]"] {
            let text = format!("//! A.\nmod t {{\n#[test]\n{attribute}\nfn f() {{}}\n}}\n");
            assert_eq!(found("a.rs", &text)[0].0, 4);
        }
    }
}
