//! No file names a package registry's host: builds use whatever registry the machine is set up for.

use super::Finding;
use super::tree::Tree;

/// The hosts, put together here so that this file passes its own rule.
fn hosts() -> Vec<String> {
    [
        &["crates", "io"][..],
        &["pypi", "org"],
        &["pythonhosted", "org"],
        &["npmjs", "org"],
        &["npmjs", "com"],
        &["yarnpkg", "com"],
        &["deb", "debian", "org"],
        &["bcr", "bazel", "build"],
        &["proxy", "golang", "org"],
        &["rubygems", "org"],
        &["anaconda", "org"],
    ]
    .iter()
    .map(|labels| labels.join("."))
    .collect()
}

/// Every line that names one. The lines that cargo itself writes into a lock file are excepted.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let hosts = hosts();
    let mut findings = Vec::new();
    for file in tree.files() {
        for (index, line) in file.text.lines().enumerate() {
            if file.name() == "Cargo.lock" && line.starts_with("source = ") {
                continue;
            }
            if let Some(host) = hosts.iter().find(|host| line.contains(host.as_str())) {
                findings.push(Finding::failure(
                    &file.path,
                    index + 1,
                    format!("names the registry host {host}"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_anywhere_but_in_the_lock_file_s_own_lines() {
        let host = hosts().remove(0);
        let line = format!("source = \"registry+https://{host}\"\n");
        let found = |path: &str| check(&Tree::of(&[(path, &line)])).len();
        assert_eq!((found("tests/data.txt"), found("README.md"), found("Cargo.lock")), (1, 1, 0));
    }
}
