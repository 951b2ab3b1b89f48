//! A whole tree: `prepyc compile` against `compileall`, with everything and with nothing to do.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use prepyc_testing::{Oracle, Package};
use tempfile::TempDir;

use super::figures::{Samples, Table, seconds};
use super::{Arguments, Tools, figures};
use crate::workspace;

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

    /// `prepyc compile` of its copy.
    pub(super) fn prepyc(&self, tools: &Tools, jobs: &str) -> Command {
        let mut command = Command::new(&tools.prepyc);
        command.args(["compile", "--quiet", "--progress", "never", "-j", jobs, "--python-version"]);
        command.arg(tools.oracle.version()).arg(self.ours());
        command
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

/// Runs a command to its end, and prints how long that took by the clock, how long all its processes computed, in
/// seconds, and how much memory the largest of them had, in bytes.
const WATCH: &str = "
import ctypes, os, resource, subprocess, sys, time
# What compileall starts by way of multiprocessing outlives it for a moment: it becomes ours then, to be waited for.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
start = time.perf_counter()
nothing = subprocess.DEVNULL
code = subprocess.run(sys.argv[1:], stdin=nothing, stdout=nothing, stderr=nothing).returncode
clock = time.perf_counter() - start
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
# 1: some source of the tree is broken, as some of CPython's tests are on purpose.
if code not in (0, 1):
    sys.exit(f'exit code {code}')
print(clock, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
";

/// What was measured of one side, doing one thing.
#[derive(Debug, Default)]
struct Runs {
    clock: Samples,
    computing: Samples,
    /// The largest process of all runs.
    memory_bytes: f64,
}

impl Runs {
    fn measure(&mut self, tools: &Tools, command: &Command) -> anyhow::Result<()> {
        // What was written and deleted before is not to be paid for now.
        workspace::run(&mut Command::new("sync"))?;
        let mut watch = tools.oracle.command();
        watch.args(["-P", "-c", WATCH]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => watch.env(name, value),
                None => watch.env_remove(name),
            };
        }
        let [clock, computing, memory_bytes] = figures(&mut watch)?;
        self.clock.add(Duration::from_secs_f64(clock));
        self.computing.add(Duration::from_secs_f64(computing));
        self.memory_bytes = self.memory_bytes.max(memory_bytes);
        Ok(())
    }

    fn note(&self, what: &str) -> String {
        format!(
            "{what}: best {} by the clock, {} of computing (median), largest process {:.0} MB",
            seconds(self.clock.best()),
            seconds(self.computing.median()),
            self.memory_bytes / 1e6
        )
    }
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
    let mut compileall = tools.oracle.command();
    compileall.env_remove("PYTHONDONTWRITEBYTECODE");
    compileall.args(["-P", "-W", "ignore", "-m", "compileall", "-q", "-j", &jobs]).arg(&theirs);
    let prepyc = copies.prepyc(tools, &jobs);
    let mut runs: [Runs; 4] = Default::default();
    let [their_cold, our_cold, their_fresh, our_fresh] = &mut runs;
    for _ in 0..arguments.rounds {
        delete_pycs(&theirs)?;
        delete_pycs(&ours)?;
        their_cold.measure(tools, &compileall)?;
        our_cold.measure(tools, &prepyc)?;
        their_fresh.measure(tools, &compileall)?;
        our_fresh.measure(tools, &prepyc)?;
    }
    for (what, theirs, ours) in
        [("cold", &*their_cold, &*our_cold), ("nothing to do", their_fresh, our_fresh)]
    {
        let name = format!("whole tree, {what}: `compileall -j {jobs}`, `prepyc compile -j {jobs}`");
        table.add_seconds(name, theirs.clock.median(), ours.clock.median());
        table.add_note(theirs.note(&format!("compileall, {what}")));
        table.add_note(ours.note(&format!("prepyc, {what}")));
    }
    Ok(())
}
