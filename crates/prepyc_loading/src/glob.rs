//! `glob()`: Bazel's patterns, matched against a package's files and no others.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::folders::{self, Entry, EntryKind, Ignored};
use crate::limits::FOLDER_DEPTH;

/// A pattern, by its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Segment {
    /// `**`: any number of folders, none too.
    AnyFolders,
    /// A name without wildcards.
    Name(String),
    /// A name in which each `*` stands for any characters.
    Wildcard(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, in Bazel's words.
    pub(crate) fn new(text: &str) -> Result<Pattern, String> {
        let bad = |problem: &str| format!("invalid glob pattern '{text}': {problem}");
        if text.is_empty() {
            return Err(bad("pattern cannot be empty"));
        }
        if text.starts_with('/') {
            return Err(bad("pattern cannot be absolute"));
        }
        if text.contains('?') {
            return Err(bad("wildcard ? forbidden"));
        }
        let mut segments = Vec::new();
        for part in text.split('/') {
            let segment = match part {
                "" => return Err(bad("empty segment not permitted")),
                "." | ".." => return Err(bad(&format!("segment '{part}' not permitted"))),
                "**" if segments.last() == Some(&Segment::AnyFolders) => continue,
                "**" => Segment::AnyFolders,
                _ if part.contains("**") => {
                    return Err(bad("recursive wildcard must be its own segment"));
                }
                _ if part.contains('*') => Segment::Wildcard(part.to_owned()),
                _ => Segment::Name(part.to_owned()),
            };
            segments.push(segment);
        }
        Ok(Pattern { segments })
    }

    /// Whether it matches a path.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        // Which of the first segments match all names so far, one bit for each.
        let mut reached = vec![false; self.segments.len() + 1];
        reached[0] = true;
        self.pass_any_folders(&mut reached);
        for name in names {
            let mut next = vec![false; reached.len()];
            for (index, segment) in self.segments.iter().enumerate() {
                if !reached[index] {
                    continue;
                }
                match segment {
                    Segment::AnyFolders => next[index] = true,
                    segment if segment.matches(name) => next[index + 1] = true,
                    _ => {}
                }
            }
            reached = next;
            self.pass_any_folders(&mut reached);
        }
        reached[self.segments.len()]
    }

    /// `**` matches no folder, too.
    fn pass_any_folders(&self, reached: &mut [bool]) {
        for (index, segment) in self.segments.iter().enumerate() {
            if reached[index] && *segment == Segment::AnyFolders {
                reached[index + 1] = true;
            }
        }
    }
}

impl Segment {
    fn matches(&self, name: &str) -> bool {
        match self {
            Segment::AnyFolders => true,
            Segment::Name(text) => text == name,
            Segment::Wildcard(text) => matches_wildcard(text.as_bytes(), name.as_bytes()),
        }
    }
}

/// Whether a text with `*`s matches a name: each star takes as little as it can, and more only if the rest does not fit.
fn matches_wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut name_at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while name_at < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, name_at));
            at += 1;
        } else if pattern.get(at) == Some(&name[name_at]) {
            at += 1;
            name_at += 1;
        } else if let Some((star_at, taken)) = star {
            star = Some((star_at, taken + 1));
            at = star_at + 1;
            name_at = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Whether a glob gives folders too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Give {
    Files,
    FilesAndFolders,
}

/// What is below a package's folder, read as it is asked for.
pub(crate) struct Listing {
    folder: PathBuf,
    /// The package's path below its repository.
    package: String,
    ignored: Arc<Ignored>,
    folders: RefCell<HashMap<String, Arc<Vec<Entry>>>>,
}

impl Listing {
    /// That of a package.
    pub(crate) fn new(folder: PathBuf, package: &str, ignored: Arc<Ignored>) -> Listing {
        Listing { folder, package: package.to_owned(), ignored, folders: RefCell::default() }
    }

    /// The package's files that a pattern matches, by their paths below it, added to `found`.
    ///
    /// # Errors
    /// Folders lie in each other too deep.
    pub(crate) fn find(
        &self,
        pattern: &Pattern,
        give: Give,
        found: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let real = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let mut walk = Walk { listing: self, pattern, give, found, seen: HashSet::new() };
        walk.enter("", &[real], 0)
    }

    /// The packages below this one that no other package lies between.
    pub(crate) fn subpackages(&self) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        let mut waiting = vec![String::new()];
        while let Some(path) = waiting.pop() {
            if path.split('/').count() > FOLDER_DEPTH {
                return Err(too_deep());
            }
            for entry in self.entries(&path).iter().filter(|entry| entry.kind == EntryKind::Folder) {
                let below = folders::join(&path, &entry.name);
                if self.ignored.has(&folders::join(&self.package, &below)) {
                    continue;
                }
                if folders::has_build_file(&self.entries(&below)) {
                    found.push(below);
                } else {
                    waiting.push(below);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The entries of a folder; none where it cannot be read.
    fn entries(&self, path: &str) -> Arc<Vec<Entry>> {
        if let Some(entries) = self.folders.borrow().get(path) {
            return entries.clone();
        }
        let folder = if path.is_empty() { self.folder.clone() } else { self.folder.join(path) };
        let entries = Arc::new(folders::list(&folder).unwrap_or_default());
        self.folders.borrow_mut().insert(path.to_owned(), entries.clone());
        entries
    }

    /// Whether a folder below is still this package's.
    fn is_own(&self, path: &str) -> bool {
        !self.ignored.has(&folders::join(&self.package, path))
            && !folders::has_build_file(&self.entries(path))
    }
}

struct Walk<'a> {
    listing: &'a Listing,
    pattern: &'a Pattern,
    give: Give,
    found: &'a mut BTreeSet<String>,
    /// Folders that have been searched, with the segments that were left.
    seen: HashSet<(String, usize)>,
}

impl Walk<'_> {
    /// Searches a folder for what the segments from `index` on match. `above`: where the folder and those above it are in
    /// truth.
    fn enter(&mut self, path: &str, above: &[PathBuf], index: usize) -> Result<(), String> {
        if above.len() > FOLDER_DEPTH {
            return Err(too_deep());
        }
        if !self.seen.insert((path.to_owned(), index)) {
            return Ok(());
        }
        let segments = &self.pattern.segments;
        let Some(segment) = segments.get(index) else { return Ok(()) };
        let is_last = index + 1 == segments.len();
        if *segment == Segment::AnyFolders && !is_last {
            self.enter(path, above, index + 1)?;
        }
        let entries = self.listing.entries(path);
        for entry in entries.iter().filter(|entry| segment.matches(&entry.name)) {
            let below = folders::join(path, &entry.name);
            let real = match &entry.kind {
                EntryKind::File => {
                    if is_last {
                        self.found.insert(below);
                    }
                    continue;
                }
                EntryKind::Folder => above[above.len() - 1].join(&entry.name),
                EntryKind::LinkedFolder(real) => real.clone(),
            };
            if above.contains(&real) || !self.listing.is_own(&below) {
                continue;
            }
            if is_last && self.give == Give::FilesAndFolders {
                self.found.insert(below.clone());
            }
            let next = if *segment == Segment::AnyFolders { index } else { index + 1 };
            if next < segments.len() {
                let mut above = above.to_vec();
                above.push(real);
                self.enter(&below, &above, next)?;
            }
        }
        Ok(())
    }
}

fn too_deep() -> String {
    format!("folders lie in each other more than {FOLDER_DEPTH} deep")
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern).expect("a good pattern").matches(path)
    }

    #[test]
    fn stars_stay_within_a_name_and_double_stars_do_not() {
        assert!(matches("*.py", "a.py"));
        assert!(matches("*.py", ".hidden.py"));
        assert!(!matches("*.py", "sub/a.py"));
        assert!(matches("**/*.py", "a.py"));
        assert!(matches("**/*.py", "a/b/c.py"));
        assert!(matches("**", "a/b/c"));
        assert!(matches("a/**/b", "a/b"));
        assert!(matches("a/**/b", "a/x/y/b"));
        assert!(!matches("a/**/b", "a/x/y/c"));
        assert!(matches("a*b*c", "axxbyyc"));
        assert!(!matches("a*b*c", "axxbyy"));
    }

    #[test]
    fn wrong_patterns_say_what_is_wrong() {
        for (pattern, problem) in [
            ("", "pattern cannot be empty"),
            ("/a", "pattern cannot be absolute"),
            ("a?", "wildcard ? forbidden"),
            ("a//b", "empty segment not permitted"),
            ("../a", "segment '..' not permitted"),
            ("a**", "recursive wildcard must be its own segment"),
        ] {
            let error = Pattern::new(pattern).expect_err(pattern);
            assert_eq!(error, format!("invalid glob pattern '{pattern}': {problem}"));
        }
    }
}
