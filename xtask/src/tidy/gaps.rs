//! Lists of known gaps stay honest: `PATH: CAUSE` lines, sorted, none twice, each naming a file or version that is ours.
//!
//! A gap that closes has to be deleted; the test that reads the list sees to that.

use super::Finding;
use super::tree::Tree;

/// Every line of a `known_gaps*.txt` that is malformed, out of order or there twice.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lists = tree.files().iter().filter(|file| {
        file.path.starts_with("tests/")
            && file.name().starts_with("known_gaps")
            && file.name().ends_with(".txt")
    });
    for list in lists {
        let mut before: Option<&str> = None;
        for (index, line) in list.text.lines().enumerate() {
            if line.starts_with('#') {
                continue;
            }
            let mut fail = |message: &str| findings.push(Finding::failure(&list.path, index + 1, message));
            match line.split_once(": ") {
                Some((gap, cause)) if !gap.is_empty() && !cause.trim().is_empty() => {}
                _ => fail("a gap is `WHAT: CAUSE`"),
            }
            match before {
                Some(before) if before == line => fail("is there twice"),
                Some(before) if before > line => fail("is out of order"),
                _ => {}
            }
            before = Some(line);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_unsorted_and_double_lines_are_found() {
        let text = "# why\na.py: cause\nc.py: cause\nb.py: cause\nb.py: cause\nd.py\n";
        let found = check(&Tree::of(&[("tests/known_gaps.txt", text)]));
        let lines: Vec<_> = found.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
        assert_eq!(lines, [(4, "is out of order"), (5, "is there twice"), (6, "a gap is `WHAT: CAUSE`")]);
    }
}
