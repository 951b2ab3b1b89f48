//! Trees of real sources whose compilation is recorded: `tests/corpus`, the pinned wheels, the standard libraries.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Oracle, Package};

/// A tree of sources. What is recorded of it says nothing of where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    /// What its record is called: a package's name, `stdlib` or `stdlib-tests`.
    pub name: String,
    /// Where it stands; `co_filename` is the path below it.
    pub root: PathBuf,
    part: Part,
}

/// Which of the files below the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Tests,
    AllButTests,
}

/// Folders of a standard library that hold nothing of the kind.
const FOREIGN: [&str; 3] = ["__pycache__", "dist-packages", "site-packages"];

impl Corpus {
    /// A folder of sources.
    pub fn folder(name: impl Into<String>, root: impl Into<PathBuf>) -> Corpus {
        Corpus { name: name.into(), root: root.into(), part: Part::All }
    }

    /// The small files of `tests/corpus`, each about one idea, below a folder for each construct.
    pub fn small_files() -> Corpus {
        Corpus::folder("corpus", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus"))
    }

    /// The pinned wheels, unpacked or not, by name.
    pub fn packages() -> Vec<Corpus> {
        Package::all().iter().map(|package| Corpus::folder(package.name, package.folder())).collect()
    }

    /// The interpreter's standard library, in two: `test/`, which is half of it, and the rest.
    ///
    /// # Panics
    /// When the interpreter can't be run or fails.
    pub fn standard_library(oracle: &Oracle) -> [Corpus; 2] {
        let root = oracle.stdlib();
        [("stdlib", Part::AllButTests), ("stdlib-tests", Part::Tests)].map(|(name, part)| Corpus {
            name: name.to_owned(),
            root: root.clone(),
            part,
        })
    }

    /// Its `*.py` files, as paths below the root with `/` between names, sorted. Links and paths that are not UTF-8 are
    /// not among them.
    ///
    /// # Panics
    /// When a folder can't be read.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.root, "", &mut found);
        found.retain(|path| match self.part {
            Part::All => true,
            Part::Tests => path.starts_with("test/"),
            Part::AllButTests => !path.starts_with("test/"),
        });
        found.sort();
        found
    }
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("an entry of the folder");
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let kind = entry.file_type().expect("its type");
        let path = format!("{prefix}{name}");
        if kind.is_dir() && !FOREIGN.contains(&name) {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() && name.ends_with(".py") {
            found.push(path);
        }
    }
}
