//! What is said of files that are wrong: the whole text.

use crate::workspace::Folder;

fn check(files: &[(&str, &str)], package: &str, expected: &str) {
    let folder = Folder::new(files);
    let text = folder.error(package).to_string().replace(&folder.path().display().to_string(), "ROOT");
    assert_eq!(text, expected);
}

#[test]
fn an_unknown_attribute() {
    check(
        &[("a/BUILD", "\npy_library(\n    name = \"x\",\n    scrs = [\"x.py\"],\n)\n")],
        "a",
        "a/BUILD:2: //a:x: no such attribute 'scrs' in 'py_library' rule (did you mean 'srcs'?)",
    );
}

#[test]
fn two_targets_of_one_name() {
    check(
        &[("a/BUILD", "filegroup(name = \"x\")\npy_library(name = \"x\")\n")],
        "a",
        "a/BUILD:2: py_library rule 'x' in package 'a' conflicts with existing filegroup rule, defined at a/BUILD:1",
    );
}
