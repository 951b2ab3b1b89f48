//! The files that the rules are held against: all that git would track, read once.

use std::path::Path;

use anyhow::Context;

/// A file and its text.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its path from the project's folder, with `/`.
    pub(super) path: String,
    /// Its text; empty where it is not UTF-8.
    pub(super) text: String,
}

/// The project's files, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: Vec<File>,
}

impl File {
    /// The path's last component.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether this is data that tests read, whose text is not ours to tidy.
    pub(super) fn is_test_data(&self) -> bool {
        let in_tests = self.path.starts_with("tests/") || self.path.contains("/tests/");
        in_tests && !self.path.ends_with(".rs")
    }
}

impl Tree {
    /// Every file below `root` that no ignore file of git's leaves out.
    pub(super) fn read(root: &Path) -> anyhow::Result<Tree> {
        let mut walk = ignore::WalkBuilder::new(root);
        walk.hidden(false).require_git(false).git_global(false).parents(false);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        let mut files = Vec::new();
        for entry in walk.build() {
            let entry = entry.context("walking the project")?;
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let relative = entry.path().strip_prefix(root).expect("the walk stays below its root");
            let bytes = std::fs::read(entry.path()).with_context(|| entry.path().display().to_string())?;
            files.push(File {
                path: relative.to_string_lossy().into_owned(),
                text: String::from_utf8(bytes).unwrap_or_default(),
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    /// A made-up tree for a rule's tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let file = |&(path, text): &(&str, &str)| File { path: path.to_owned(), text: text.to_owned() };
        Tree { files: files.iter().map(file).collect() }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The text of the file at `path`, if there is one.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}
