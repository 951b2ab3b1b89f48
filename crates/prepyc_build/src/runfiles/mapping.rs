//! How repositories call each other: what runfiles libraries read to find `other/file` from inside a repository.
//!
//! The format is Bazel's `NAME.repo_mapping`: a line `SOURCE,APPARENT,TARGET` for each name that a repository can use, the
//! main repository's source name empty, its target name `_main`.

use std::collections::BTreeMap;

/// Its name in the tree and in the manifest.
pub(super) const NAME_IN_TREE: &str = "_repo_mapping";

/// Names of repositories as they are seen from each of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RepositoryMapping {
    names: BTreeMap<(String, String), String>,
}

impl RepositoryMapping {
    /// Notes that in the repository `source` (canonical name; empty for the main one) the name `apparent` means the runfiles
    /// folder `target`. What was said of the pair before is replaced.
    pub fn insert(&mut self, source: &str, apparent: &str, target: &str) {
        self.names.insert((source.to_owned(), apparent.to_owned()), target.to_owned());
    }

    /// The text of the file. Names with a comma or a line break, which no repository has, are left out.
    pub fn text(&self) -> String {
        let plain = |name: &String| !name.contains([',', '\n', '\r']);
        self.names
            .iter()
            .filter(|((source, apparent), target)| [source, apparent, target].into_iter().all(plain))
            .map(|((source, apparent), target)| format!("{source},{apparent},{target}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_by_source_and_name() {
        let mut mapping = RepositoryMapping::default();
        mapping.insert("pip+", "pip", "pip+");
        mapping.insert("", "trial", "_main");
        mapping.insert("", "a,b", "_main");
        mapping.insert("", "pip", "pip+");
        assert_eq!(mapping.text(), ",pip,pip+\n,trial,_main\npip+,pip,pip+\n");
    }
}
