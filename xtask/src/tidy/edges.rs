//! Crates depend only on what ARCHITECTURE.md draws, and only downwards.
//!
//! Development dependencies are free: a test may use whatever it needs.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// A row of the table of floors.
struct Row<'a> {
    floor: u32,
    may_use: Vec<&'a str>,
    line: usize,
}

/// Every edge not drawn, every row that points sideways or up, every crate without a row and row without a crate.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rows = read_table(tree.text(ARCHITECTURE).unwrap_or_default());
    let mut findings = check_floors(&rows);
    let mut met = Vec::new();
    for file in tree.files().iter().filter(|file| file.name() == "Cargo.toml" && is_member(&file.path)) {
        let manifest: toml::Table = match file.text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.push(Finding::failure(&file.path, 0, format!("not TOML: {error}")));
                continue;
            }
        };
        let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str()) else {
            findings.push(Finding::failure(&file.path, 0, "a package without a name"));
            continue;
        };
        met.push(name.to_owned());
        let Some(row) = rows.get(name) else {
            findings.push(Finding::failure(&file.path, 0, format!("{name} has no row in {ARCHITECTURE}")));
            continue;
        };
        for used in dependencies(&manifest) {
            if (rows.contains_key(used) || used.starts_with("prepyc")) && !row.may_use.contains(&used) {
                let message = format!("{name} uses {used}, which {ARCHITECTURE} does not draw");
                findings.push(Finding::failure(&file.path, line_of(&file.text, used), message));
            }
        }
    }
    for (name, row) in &rows {
        if !met.iter().any(|known| known == name) {
            findings.push(Finding::failure(ARCHITECTURE, row.line, format!("there is no crate {name}")));
        }
    }
    findings
}

fn is_member(path: &str) -> bool {
    path == "xtask/Cargo.toml" || (path.starts_with("crates/") && path.matches('/').count() == 2)
}

fn line_of(text: &str, word: &str) -> usize {
    text.lines().position(|line| line.starts_with(word)).map_or(0, |index| index + 1)
}

/// The rows of the table whose head is `| crate | floor | may use |`.
fn read_table(text: &str) -> BTreeMap<&str, Row<'_>> {
    let mut rows = BTreeMap::new();
    let lines = text.lines().enumerate().skip_while(|(_, line)| !line.starts_with("| crate | floor |"));
    for (index, line) in lines.skip(2).take_while(|(_, line)| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, floor, may_use, ..] = cells[..] else { continue };
        let may_use = may_use.split_whitespace().map(|name| name.trim_matches('`')).collect();
        let floor = floor.parse().unwrap_or(u32::MAX);
        rows.insert(name.trim_matches('`'), Row { floor, may_use, line: index + 1 });
    }
    rows
}

fn check_floors(rows: &BTreeMap<&str, Row>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, row) in rows {
        for used in &row.may_use {
            if rows.get(used).is_none_or(|lower| lower.floor >= row.floor) {
                let message = format!("{name} may use {used}, which stands on no lower floor");
                findings.push(Finding::failure(ARCHITECTURE, row.line, message));
            }
        }
    }
    findings
}

/// The names of all dependencies that end up in the built crate, on any platform.
fn dependencies(manifest: &toml::Table) -> Vec<&str> {
    let mut names = Vec::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let platforms =
        targets.into_iter().flat_map(|targets| targets.values().filter_map(toml::Value::as_table));
    for table in std::iter::once(manifest).chain(platforms) {
        for kind in ["dependencies", "build-dependencies"] {
            let listed = table.get(kind).and_then(toml::Value::as_table);
            names.extend(listed.into_iter().flat_map(|listed| listed.keys()).map(String::as_str));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| crate | floor | may use | is |
|---|---|---|---|
| `prepyc_low` | 0 | | low |
| `prepyc_high` | 1 | `prepyc_low` | high |
";
    const LOW: &str = "[package]\nname = \"prepyc_low\"\n";

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_edge_that_is_drawn_passes_and_test_edges_are_free() {
        let high =
            "[package]\nname = \"prepyc_high\"\n[dependencies]\nprepyc_low.workspace = true\nserde = \"1\"\n";
        let low = format!("{LOW}[dev-dependencies]\nprepyc_high = \"1\"\n");
        let files =
            [(ARCHITECTURE, TABLE), ("crates/low/Cargo.toml", &*low), ("crates/high/Cargo.toml", high)];
        assert!(messages(&files).is_empty(), "{:?}", messages(&files));
    }

    #[test]
    fn an_edge_that_is_not_drawn_is_found_also_for_one_platform() {
        let high = "[package]\nname = \"prepyc_high\"\n";
        for extra in [
            "[dependencies]\nprepyc_high = \"1\"\n",
            "[target.'cfg(unix)'.dependencies]\nprepyc_high = \"1\"\n",
        ] {
            let low = format!("{LOW}{extra}");
            let found = messages(&[
                (ARCHITECTURE, TABLE),
                ("crates/l/Cargo.toml", &*low),
                ("crates/h/Cargo.toml", high),
            ]);
            assert_eq!(found, ["prepyc_low uses prepyc_high, which ARCHITECTURE.md does not draw"]);
        }
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let found = messages(&[(ARCHITECTURE, TABLE), ("xtask/Cargo.toml", "[package]\nname = \"x\"\n")]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "x has no row in ARCHITECTURE.md");
    }

    #[test]
    fn a_row_that_points_up_is_found() {
        let table = TABLE.replace("| 1 |", "| 0 |");
        let high = "[package]\nname = \"prepyc_high\"\n";
        let found =
            messages(&[(ARCHITECTURE, &table), ("crates/l/Cargo.toml", LOW), ("crates/h/Cargo.toml", high)]);
        assert_eq!(found, ["prepyc_high may use prepyc_low, which stands on no lower floor"]);
    }
}
