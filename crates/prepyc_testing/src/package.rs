//! The pinned wheels of `tests/packages.txt`, as `cargo xtask corpus` unpacks them.

use std::path::PathBuf;

use crate::{cache_dir, skip};

const LIST: &str = include_str!("../../../tests/packages.txt");

/// A wheel that is pinned by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// The project's name, as in the wheel's file name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The wheel's file name.
    pub wheel: &'static str,
    /// The SHA-256 of the wheel, in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// Where the wheels are unpacked: `$PREPYC_CORPORA`, else `~/.cache/prepyc/corpora`.
pub fn corpora_dir() -> PathBuf {
    std::env::var_os("PREPYC_CORPORA").map_or_else(|| cache_dir().join("prepyc/corpora"), PathBuf::from)
}

/// A dozen of different habits, for what is too slow to be done with all of them.
const SAMPLE: [&str; 13] = [
    "aenum",
    "attrs",
    "django",
    "docutils",
    "hypothesis",
    "numpy",
    "pygments",
    "pytest",
    "requests",
    "setuptools",
    "sqlalchemy",
    "sympy",
    "twisted",
];

impl Package {
    /// A dozen of them, for what takes an interpreter's time for each file.
    ///
    /// # Panics
    /// When `tests/packages.txt` is malformed.
    pub fn sample() -> Vec<Package> {
        SAMPLE.map(Package::named).to_vec()
    }

    /// All of them, sorted by name.
    ///
    /// # Panics
    /// When `tests/packages.txt` is malformed.
    pub fn all() -> Vec<Package> {
        LIST.lines().filter(|line| !line.starts_with('#')).map(Package::parse).collect()
    }

    /// The one of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(name: &str) -> Package {
        let found = Package::all().into_iter().find(|package| package.name == name);
        found.unwrap_or_else(|| panic!("tests/packages.txt has no {name}"))
    }

    fn parse(line: &'static str) -> Package {
        let words: Vec<_> = line.split(' ').collect();
        let [name, version, wheel, sha256] = words[..] else {
            panic!("tests/packages.txt: not `NAME VERSION WHEEL SHA256`: {line}");
        };
        Package { name, version, wheel, sha256 }
    }

    /// The folder it is unpacked in, there or not. Its name holds a part of the hash, so that no other wheel's is met.
    pub fn folder(&self) -> PathBuf {
        corpora_dir().join(format!("{}-{}-{}", self.name, self.version, &self.sha256[..12]))
    }

    /// The folder it is unpacked in; without it the test `test` is skipped, or fails with `CI=true`.
    ///
    /// # Panics
    /// As [`skip()`] does.
    pub fn folder_or_skip(&self, test: &str) -> Option<PathBuf> {
        let folder = self.folder();
        if folder.is_dir() {
            return Some(folder);
        }
        skip(test, &format!("no {}; run cargo xtask corpus", folder.display()));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_pins_whole_hashes() {
        let all = Package::all();
        assert!(all.is_sorted_by(|a, b| a.name < b.name), "sorted by name, none twice");
        for package in all {
            assert!(package.sha256.len() == 64 && package.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            assert!(package.wheel.starts_with(&format!("{}-{}-", package.name, package.version)));
            assert!(package.wheel.ends_with(".whl"));
        }
    }
}
