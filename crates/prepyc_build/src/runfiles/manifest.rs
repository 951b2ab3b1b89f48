//! The manifest: a line for each file of the tree, as Bazel's `SourceManifestAction` writes it.
//!
//! A line is the runfiles path, a space, and the file's absolute path (nothing for an empty file). Where the runfiles path
//! has a space or either has a line break, the line begins with a space and both are escaped: `\s` for a space (runfiles path
//! only), `\n` for a line break, `\b` for a backslash. Any other line is as it stands, backslashes too.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::mapping::NAME_IN_TREE;
use super::{RunfilesEntry, RunfilesTree};

impl RunfilesTree {
    /// The manifest's bytes, sorted by path. `mapping` is where the file with the names of repositories stands.
    pub fn manifest(&self, mapping: Option<&Path>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * 128);
        let mut mapping = mapping.map(|file| (NAME_IN_TREE, file));
        for (path, entry) in &self.entries {
            if let Some((name, file)) = mapping.take_if(|(name, _)| *name < path.as_str()) {
                push_line(&mut bytes, name, file.as_os_str().as_bytes());
            }
            let target = match entry {
                RunfilesEntry::File(file) => file.as_os_str().as_bytes(),
                RunfilesEntry::Empty => b"",
            };
            push_line(&mut bytes, path, target);
        }
        if let Some((name, file)) = mapping {
            push_line(&mut bytes, name, file.as_os_str().as_bytes());
        }
        bytes
    }
}

fn push_line(bytes: &mut Vec<u8>, path: &str, target: &[u8]) {
    if path.contains([' ', '\n']) || target.contains(&b'\n') {
        bytes.push(b' ');
        push_escaped(bytes, path.as_bytes(), Spaces::Escaped);
        bytes.push(b' ');
        push_escaped(bytes, target, Spaces::Kept);
    } else {
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(target);
    }
    bytes.push(b'\n');
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spaces {
    Escaped,
    Kept,
}

fn push_escaped(bytes: &mut Vec<u8>, text: &[u8], spaces: Spaces) {
    for &byte in text {
        match byte {
            b' ' if spaces == Spaces::Escaped => bytes.extend_from_slice(b"\\s"),
            b'\n' => bytes.extend_from_slice(b"\\n"),
            b'\\' => bytes.extend_from_slice(b"\\b"),
            _ => bytes.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(path: &str, target: &str, line: &str) {
        let entry = RunfilesEntry::File(target.into());
        let tree = RunfilesTree::new(BTreeMap::from([(path.to_owned(), entry)])).unwrap();
        assert_eq!(String::from_utf8(tree.manifest(None)).unwrap(), line);
    }

    #[test]
    fn only_lines_that_need_it_are_escaped() {
        check("_main/a.py", "/ws/a.py", "_main/a.py /ws/a.py\n");
        check("_main/a\\b.py", "/w s/a\\b.py", "_main/a\\b.py /w s/a\\b.py\n");
        check("_main/a b\\.py", "/w s/a b\\.py", " _main/a\\sb\\b.py /w s/a b\\b.py\n");
        check("_main/a.py", "/w\ns/a\\.py", " _main/a.py /w\\ns/a\\b.py\n");
        check("_main/a\nb", "/x", " _main/a\\nb /x\n");
    }

    #[test]
    fn empty_files_end_with_a_space_and_the_mapping_stands_in_its_place() {
        let entries = ["_main/a/__init__.py", "pip/b"].map(|path| (path.to_owned(), RunfilesEntry::Empty));
        let tree = RunfilesTree::new(BTreeMap::from(entries)).unwrap();
        let manifest = tree.manifest(Some(Path::new("/out/app.repo_mapping")));
        let wanted = "_main/a/__init__.py \n_repo_mapping /out/app.repo_mapping\npip/b \n";
        assert_eq!(String::from_utf8(manifest).unwrap(), wanted);
    }
}
