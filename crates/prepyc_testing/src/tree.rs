//! Trees of real sources for the tests that run the binaries: copying them, reading the pycs in them, compiling them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Oracle, Package};

/// Every pyc of a tree: its path relative to the tree, and its bytes.
pub type Pycs = BTreeMap<PathBuf, Vec<u8>>;

/// What compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// prepyc's own compiler.
    Native,
    /// A pool of the target's own interpreters.
    Interpreter,
}

/// A command that runs `prepyc compile` for the interpreter's version; `prepyc` is the binary under test.
pub fn prepyc_compile(prepyc: impl AsRef<OsStr>, oracle: &Oracle, engine: Engine) -> Command {
    let mut command = Command::new(prepyc);
    command.args(["compile", "--progress", "never", "--engine"]);
    match engine {
        Engine::Native => command.args(["native", "--python-version", oracle.version()]),
        Engine::Interpreter => command.args(["interpreter", "--python"]).arg(oracle.executable()),
    };
    command.stdin(Stdio::null()).env_remove("SOURCE_DATE_EPOCH").env_remove("VIRTUAL_ENV");
    command
}

/// Copies the `.py` files of the packages into a new tree at `to`, a folder for each. Where one is missing the test
/// `test` is skipped, and this is `false`.
///
/// # Panics
/// When a file can't be copied, and as [`skip()`](crate::skip()) does.
pub fn copy_packages(names: &[&str], to: &Path, test: &str) -> bool {
    for name in names {
        let Some(folder) = Package::named(name).folder_or_skip(test) else { return false };
        copy_sources(&folder, &to.join(name));
    }
    true
}

fn copy_sources(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder of sources") {
        let entry = entry.expect("an entry of it");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            copy_sources(&entry.path(), &target);
        } else if target.extension().is_some_and(|extension| extension == "py") {
            fs::create_dir_all(to).expect("a new folder");
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// Every file below `root` with the extension, as paths relative to it, sorted.
///
/// # Panics
/// When a folder can't be read.
pub fn files(root: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let entry = entry.expect("an entry of it");
            let path = entry.path();
            if entry.file_type().expect("its type").is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path.strip_prefix(root).expect("below the root").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Reads every pyc below `root`.
///
/// # Panics
/// When one can't be read.
pub fn read_pycs(root: &Path) -> Pycs {
    files(root, "pyc")
        .into_iter()
        .map(|path| {
            let bytes = fs::read(root.join(&path)).expect("a readable pyc");
            (path, bytes)
        })
        .collect()
}

/// Holds what was found against what was wanted.
///
/// # Panics
/// When they don't hold the same files with the same bytes; names the first few that differ.
pub fn assert_same(found: &Pycs, wanted: &Pycs) {
    let differing: Vec<_> = wanted
        .keys()
        .chain(found.keys().filter(|path| !wanted.contains_key(*path)))
        .filter(|path| found.get(*path) != wanted.get(*path))
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} pycs differ, first {:?}",
        differing.len(),
        wanted.len(),
        &differing[..differing.len().min(5)]
    );
}
