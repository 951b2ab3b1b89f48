//! How a build is executed: who runs what, how many at once, what may take how long.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use prepyc_engine::Engine;
use prepyc_version::PyRelease;

/// Gives the engine that compiles for a version in this process, or says in one line why there is none. It is asked once
/// for each version, when the first action needs it.
pub type EngineSource = dyn Fn(PyRelease) -> Result<Arc<Engine>, String> + Send + Sync;

/// Everything an [`Executor`](crate::Executor) has to be told.
pub struct ExecutorOptions {
    /// How many actions are worked on at once.
    pub jobs: NonZeroUsize,
    /// All outputs lie below this folder, absolute.
    pub output_root: PathBuf,
    /// A folder that is the executor's own, absolute: its ledger, execution root, sandboxes and worker logs. One build at
    /// a time uses it; who starts builds sees to that.
    pub state: PathBuf,
    /// `--disk_cache`: a folder that any number of builds, of any checkouts, may share at the same time.
    pub disk_cache: Option<PathBuf>,
    /// `--strategy=MNEMONIC=A,B`: what runs programs, in order of preference.
    pub strategies: PerMnemonic<Vec<StrategyKind>>,
    /// How workers are run.
    pub workers: WorkerOptions,
    /// What may take how long.
    pub limits: Limits,
    /// What happens after a failure.
    pub on_failure: OnFailure,
    /// What compiles in this process.
    pub engines: Box<EngineSource>,
}

/// How workers are run.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// `--worker_extra_flag=MNEMONIC=FLAG`, in order, appended to the start-up command line.
    pub extra_flags: PerMnemonic<Vec<String>>,
    /// `--worker_max_instances`: singleplex processes of one kind.
    pub max_instances: PerMnemonic<NonZeroUsize>,
    /// `--worker_max_multiplex_instances`: requests at once in a multiplex worker.
    pub max_multiplex_instances: PerMnemonic<NonZeroUsize>,
    /// `--worker_multiplex`: whether workers that can are sent several requests at once.
    pub multiplex: bool,
    /// `--worker_sandboxing`: whether singleplex workers run in a folder with nothing but their files and the request's.
    pub sandboxing: bool,
    /// `--experimental_worker_multiplex_sandboxing`: the same for multiplex workers that can.
    pub multiplex_sandboxing: bool,
    /// `--experimental_worker_cancellation`: whether workers that can are asked to give requests up, instead of being killed.
    pub cancellation: bool,
    /// `--worker_verbose`.
    pub verbose: bool,
}

/// A setting that may be given for all mnemonics or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerMnemonic<T> {
    /// What holds for mnemonics that have none of their own.
    pub general: T,
    /// By mnemonic.
    pub by_mnemonic: BTreeMap<String, T>,
}

/// What may take how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A one-shot tool from start to end, a worker from request to answer; then it is killed.
    pub action: Duration,
    /// A tool that was asked to end, or to give a request up; then it is killed.
    pub grace: Duration,
}

/// What happens after the first action that fails, or is rejected where that fails the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// No further action starts; those that run are finished.
    Stop,
    /// `--keep_going`.
    KeepGoing,
}

/// What can run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StrategyKind {
    /// A persistent worker.
    Worker,
    /// A process for each action, in a folder with nothing but its inputs.
    Sandboxed,
    /// A process for each action, in the execution root.
    Local,
}

/// The text names no strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a strategy (worker, sandboxed, local)")]
pub struct UnknownStrategy(String);

impl StrategyKind {
    /// What Bazel does where nobody chose: the first of these that can.
    pub const DEFAULT: [StrategyKind; 3] =
        [StrategyKind::Worker, StrategyKind::Sandboxed, StrategyKind::Local];
}

impl FromStr for StrategyKind {
    type Err = UnknownStrategy;

    /// Also takes Bazel's other names for the same: `standalone`, `linux-sandbox`, `processwrapper-sandbox`.
    fn from_str(text: &str) -> Result<StrategyKind, UnknownStrategy> {
        match text {
            "worker" => Ok(StrategyKind::Worker),
            "sandboxed" | "linux-sandbox" | "processwrapper-sandbox" | "darwin-sandbox" => {
                Ok(StrategyKind::Sandboxed)
            }
            "local" | "standalone" => Ok(StrategyKind::Local),
            _ => Err(UnknownStrategy(text.to_owned())),
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StrategyKind::Worker => "worker",
            StrategyKind::Sandboxed => "sandboxed",
            StrategyKind::Local => "local",
        })
    }
}

impl<T> PerMnemonic<T> {
    /// The same for all.
    pub fn all(general: T) -> PerMnemonic<T> {
        PerMnemonic { general, by_mnemonic: BTreeMap::new() }
    }

    /// What holds for a mnemonic.
    pub fn get(&self, mnemonic: &str) -> &T {
        self.by_mnemonic.get(mnemonic).unwrap_or(&self.general)
    }
}

impl WorkerOptions {
    /// Bazel's defaults.
    pub fn standard() -> WorkerOptions {
        let instances = |count: usize| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        WorkerOptions {
            extra_flags: PerMnemonic::all(Vec::new()),
            max_instances: PerMnemonic::all(instances(4)),
            max_multiplex_instances: PerMnemonic::all(instances(8)),
            multiplex: true,
            sandboxing: false,
            multiplex_sandboxing: false,
            cancellation: false,
            verbose: false,
        }
    }
}

impl Limits {
    /// Generous: a tool that takes longer hangs.
    pub const STANDARD: Limits = Limits { action: Duration::from_secs(600), grace: Duration::from_secs(5) };
}

impl fmt::Debug for ExecutorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorOptions")
            .field("jobs", &self.jobs)
            .field("output_root", &self.output_root)
            .field("state", &self.state)
            .field("disk_cache", &self.disk_cache)
            .field("strategies", &self.strategies)
            .field("workers", &self.workers)
            .field("limits", &self.limits)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
