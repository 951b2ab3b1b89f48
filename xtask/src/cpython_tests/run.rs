//! Runs test modules, each in a process of its own with a time limit, by one installation after the other.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::Context;

use super::installation::Installation;
use super::outcome::{Ending, ModuleOutcome};

/// What the interpreter runs.
const RUNNER: &str = include_str!("runner.py");

/// What `timeout` exits with when the time was up: the first where SIGTERM was enough.
const OUT_OF_TIME: [i32; 2] = [124, 137];

/// Both runs of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) module: String,
    pub(super) python: ModuleOutcome,
    pub(super) prepyc: ModuleOutcome,
}

/// What modules are run by, and for how long.
pub(super) struct Runs<'a> {
    pub(super) python: &'a Installation,
    pub(super) prepyc: &'a Installation,
    /// Of a module.
    pub(super) limit_seconds: u32,
    /// So many modules at a time.
    pub(super) jobs: usize,
}

impl Runs<'_> {
    /// Runs the modules with both libraries; `done` hears of each pair as it is there. In the order of the modules.
    pub(super) fn all(&self, modules: &[String], done: impl Fn(&Pair) + Sync) -> anyhow::Result<Vec<Pair>> {
        let waiting = Mutex::new(modules.iter().enumerate());
        let next = || waiting.lock().expect("nothing panics while it waits").next();
        let (next, done) = (&next, &done);
        let mut pairs = thread::scope(|scope| {
            let work = || -> anyhow::Result<Vec<(usize, Pair)>> {
                let mut pairs = Vec::new();
                while let Some((index, module)) = next() {
                    let pair = self.pair(module)?;
                    done(&pair);
                    pairs.push((index, pair));
                }
                Ok(pairs)
            };
            let threads: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
            let results = threads.into_iter().map(|thread| thread.join().expect("a run does not panic"));
            results.collect::<anyhow::Result<Vec<_>>>()
        })?
        .concat();
        pairs.sort_by_key(|(index, _)| *index);
        Ok(pairs.into_iter().map(|(_, pair)| pair).collect())
    }

    fn pair(&self, module: &str) -> anyhow::Result<Pair> {
        let run =
            |installation| run(installation, module, self.limit_seconds).with_context(|| module.to_owned());
        Ok(Pair { module: module.to_owned(), python: run(self.python)?, prepyc: run(self.prepyc)? })
    }
}

/// Runs a module in an empty folder, which is also where its temporary files go.
fn run(installation: &Installation, module: &str, limit_seconds: u32) -> anyhow::Result<ModuleOutcome> {
    let folder = installation.root.join("runs").join(module);
    let (home, temporary) = (folder.join("home"), folder.join("temporary"));
    for folder in [&home, &temporary] {
        fs::create_dir_all(folder)?;
    }
    let (log, told) = (folder.join("log"), File::create(folder.join("told"))?);
    let mut command = Command::new("timeout");
    command.args(["--kill-after", "5", &limit_seconds.to_string()]);
    command.arg(&installation.executable).args(["-c", RUNNER]).arg(&log).args(["--randseed", "1", module]);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
    command.env("HOME", &home).env("TMPDIR", &temporary).env("PYTHONHASHSEED", "0");
    command.current_dir(&home).stdin(Stdio::null()).stdout(told.try_clone()?).stderr(told);
    let status = command.status().context("cannot run `timeout` of the coreutils")?;
    let text = if log.exists() { fs::read_to_string(&log)? } else { String::new() };
    let outcome = ModuleOutcome::read(ending(status), &text, &installation.root)?;
    // Tests leave folders without permissions behind; what can't be removed goes with everything else.
    fs::remove_dir_all(&folder).or_else(|_| remove_stubborn(&folder))?;
    Ok(outcome)
}

fn remove_stubborn(folder: &Path) -> anyhow::Result<()> {
    let mut chmod = Command::new("chmod");
    crate::workspace::run(chmod.args(["-R", "u+rwX"]).arg(folder))?;
    fs::remove_dir_all(folder).with_context(|| folder.display().to_string())
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) if OUT_OF_TIME.contains(&code) => Ending::OutOfTime,
        // As a shell, `timeout` says by its exit code which signal ended what it ran.
        (Some(code), _) if code > 128 => Ending::Killed(code - 128),
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_says_how_it_ended() {
        let ended = |code: i32| ending(ExitStatus::from_raw(code << 8));
        assert_eq!(ended(2), Ending::Exited(2));
        assert_eq!(ended(124), Ending::OutOfTime);
        assert_eq!(ended(137), Ending::OutOfTime);
        assert_eq!(ended(139), Ending::Killed(11));
        assert_eq!(ending(ExitStatus::from_raw(11)), Ending::Killed(11));
    }
}
