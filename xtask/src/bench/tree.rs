//! A whole tree: `prepyc compile` against `compileall`, with everything and with nothing to do.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use prepyc_testing::{Oracle, Package};
use tempfile::TempDir;

use super::figures::{Samples, Table};
use super::{Arguments, Tools, quietly};

/// Two copies of one tree, a copy for each side.
pub(super) struct Copies {
    folder: TempDir,
    sources: Vec<PathBuf>,
    size_bytes: u64,
}

impl Copies {
    /// Copies `tree`, or without one the standard library and the sampled wheels that are unpacked.
    pub(super) fn new(oracle: &Oracle, tree: Option<&Path>) -> anyhow::Result<Copies> {
        let from = match tree {
            Some(tree) => vec![tree.to_owned()],
            None => std::iter::once(oracle.stdlib())
                .chain(Package::sample().iter().map(Package::folder).filter(|folder| folder.is_dir()))
                .collect(),
        };
        let mut copies = Copies { folder: TempDir::new()?, sources: Vec::new(), size_bytes: 0 };
        for root in &from {
            let name = root.file_name().unwrap_or(OsStr::new("tree"));
            for side in ["theirs", "ours"] {
                let to = copies.folder.path().join(side).join(name);
                copies.copy(root, &to, side == "ours").with_context(|| root.display().to_string())?;
            }
        }
        copies.sources.sort();
        Ok(copies)
    }

    fn copy(&mut self, from: &Path, to: &Path, count: bool) -> anyhow::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != "site-packages" {
                self.copy(&entry.path(), &target, count)?;
            } else if kind.is_file() && target.extension() == Some(OsStr::new("py")) {
                fs::create_dir_all(to)?;
                self.size_bytes += if count { fs::copy(entry.path(), &target)? } else { 0 };
                if count {
                    self.sources.push(target);
                } else {
                    fs::copy(entry.path(), &target)?;
                }
            }
        }
        Ok(())
    }

    /// The copy that CPython compiles.
    pub(super) fn theirs(&self) -> PathBuf {
        self.folder.path().join("theirs")
    }

    /// The copy that prepyc compiles.
    pub(super) fn ours(&self) -> PathBuf {
        self.folder.path().join("ours")
    }

    /// The sources in prepyc's copy, sorted.
    pub(super) fn sources(&self) -> &[PathBuf] {
        &self.sources
    }
}

impl fmt::Display for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {:.1} MB", self.sources.len(), self.size_bytes as f64 / 1e6)
    }
}

/// Deletes every `__pycache__` below `root`.
fn delete_pycs(root: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() == "__pycache__" {
            fs::remove_dir_all(entry.path())?;
        } else {
            delete_pycs(&entry.path())?;
        }
    }
    Ok(())
}

/// Measures a cold run and one with nothing to do, of each side in turn.
pub(super) fn measure(
    tools: &Tools,
    copies: &Copies,
    arguments: &Arguments,
    table: &mut Table,
) -> anyhow::Result<()> {
    let jobs = arguments.jobs.to_string();
    let (theirs, ours) = (copies.theirs(), copies.ours());
    let compileall = || {
        let mut command = tools.oracle.command();
        command.env_remove("PYTHONDONTWRITEBYTECODE");
        command.args(["-W", "ignore", "-m", "compileall", "-q", "-j", &jobs]).arg(&theirs);
        command
    };
    let prepyc = || {
        let mut command = Command::new(&tools.prepyc);
        command.args(["compile", "--quiet", "--progress", "never", "-j", &jobs, "--python-version"]);
        command.arg(tools.oracle.version()).arg(&ours);
        command
    };
    let mut samples: [Samples; 4] = Default::default();
    let [their_cold, our_cold, their_fresh, our_fresh] = &mut samples;
    for _ in 0..arguments.rounds {
        delete_pycs(&theirs)?;
        delete_pycs(&ours)?;
        their_cold.measure(|| quietly(&mut compileall()))?;
        our_cold.measure(|| quietly(&mut prepyc()))?;
        their_fresh.measure(|| quietly(&mut compileall()))?;
        our_fresh.measure(|| quietly(&mut prepyc()))?;
    }
    let name = |what| format!("whole tree, {what}: `compileall -j {jobs}`, `prepyc compile -j {jobs}`");
    table.add_seconds(name("cold"), their_cold.median(), our_cold.median());
    table.add_seconds(name("nothing to do"), their_fresh.median(), our_fresh.median());
    Ok(())
}
