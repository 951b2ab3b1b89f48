//! Text is clean: no white space at the ends of lines, a newline at the end of files, nothing put off in a comment.

use super::Finding;
use super::tree::Tree;

/// Every line that is unclean. What tests read as data is left alone.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    // Put together here, so that this file passes its own rule.
    let put_off = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    let mut findings = Vec::new();
    for file in tree.files().iter().filter(|file| !file.is_test_data() && file.name() != "Cargo.lock") {
        for (index, line) in file.text.split('\n').enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(Finding::failure(&file.path, index + 1, "white space at the end of the line"));
            }
            let mut words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
            if let Some(word) = words.find(|word| put_off.iter().any(|put_off| put_off == word)) {
                findings.push(Finding::failure(&file.path, index + 1, format!("{word}: do it or drop it")));
            }
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(Finding::failure(&file.path, 0, "no newline at the end of the file"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn white_space_and_a_missing_newline_are_found() {
        assert_eq!(lines("a.md", "good\nbad \nbad\t\nbad\r\n"), [2, 3, 4]);
        assert_eq!(lines("a.md", "good\nbad"), [0]);
        assert!(lines("tests/corpus/spaces.py", "good \n").is_empty());
    }

    #[test]
    fn what_is_put_off_is_found() {
        let word = ["TO", "DO"].concat();
        assert_eq!(lines("a.rs", &format!("// {word}: later\n// {word}S is another word\n")), [1]);
    }
}
