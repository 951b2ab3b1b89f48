//! What becomes of an action.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::action::ActionError;
use crate::options::StrategyKind;

/// What became of an action.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Its outputs were there, made from the same.
    UpToDate,
    /// The disk cache had its outputs.
    FromCache {
        /// What the tool said when they were made.
        output: String,
    },
    /// It was run.
    Ran {
        /// By whom.
        by: RanBy,
        /// What the tool said: warnings.
        output: String,
    },
    /// The tool will not have its inputs. There are no outputs, and none of an earlier build either.
    Rejected {
        /// What the tool said: the diagnostic, word for word.
        output: String,
    },
    /// It could not be tried, or its tool did what a tool must not do. There are no outputs, and none of an earlier build either.
    Failed {
        /// What happened.
        error: ExecutionError,
    },
    /// It was not run, or given up, because the build was cancelled or had failed elsewhere.
    Cancelled,
}

/// What ran an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RanBy {
    /// This process itself.
    Builtin,
    /// A strategy.
    Strategy(StrategyKind),
}

impl Outcome {
    /// Whether the outputs are there.
    pub fn is_success(&self) -> bool {
        matches!(self, Outcome::UpToDate | Outcome::FromCache { .. } | Outcome::Ran { .. })
    }
}

/// Why an action has no outputs though its inputs may be fine. Each is one message for the user.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecutionError {
    /// The action says nothing that can be run.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// An input is not there or cannot be read.
    #[error("{}: cannot read the input: {error}", path.display())]
    Input {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// An input changed while it was used, so the outputs may be of either version of it.
    #[error("{}: it changed while the build read it; build again when nothing writes to it", .0.display())]
    InputChanged(PathBuf),
    /// An output cannot be put where it belongs.
    #[error("{0}")]
    Publish(String),
    /// An output's folder leads out of the output root.
    #[error(
        "{}: a symbolic link on its path leads out of the output root {}; remove the link",
        path.display(), root.display()
    )]
    OutputBehindLink {
        /// The output.
        path: PathBuf,
        /// What it has to lie in.
        root: PathBuf,
    },
    /// The builtin precompiler does not understand its arguments, or they name files that are no inputs or outputs.
    #[error("{0}")]
    Arguments(String),
    /// There is no engine for the version, or it failed.
    #[error("{0}")]
    Engine(String),
    /// None of the strategies chosen can run it.
    #[error("{mnemonic} cannot be run by any of the strategies {strategies}: {reasons}")]
    NoStrategy {
        /// The action's mnemonic.
        mnemonic: &'static str,
        /// Those chosen, in order.
        strategies: String,
        /// Why each of them cannot.
        reasons: String,
    },
    /// A tool could not be started.
    #[error("{program}: cannot be started: {reason}")]
    Start {
        /// What was to be started.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// A one-shot tool took longer than is allowed.
    #[error("{program}: killed, because it was not done after {seconds} s{tail}")]
    TimedOut {
        /// What ran.
        program: String,
        /// The limit, in seconds.
        seconds: f32,
        /// The last of what it said, after a newline; or nothing.
        tail: String,
    },
    /// A signal ended a one-shot tool.
    #[error("{program}: ended by signal {signal}{tail}")]
    Killed {
        /// What ran.
        program: String,
        /// Which.
        signal: i32,
        /// The last of what it said, after a newline; or nothing.
        tail: String,
    },
    /// The tool said that it was done, but an output is not there, or no regular file.
    #[error("{program} said that it was done, but {problem}{tail}")]
    Output {
        /// What ran.
        program: String,
        /// `did not make X`, `made a symbolic link of X`.
        problem: String,
        /// The last of what it said, after a newline; or nothing.
        tail: String,
    },
    /// The tool wrote where it must not.
    #[error("{program} wrote {}, which is none of the action's outputs", path.display())]
    WroteOutside {
        /// What ran.
        program: String,
        /// What it wrote, as the tool calls it.
        path: PathBuf,
    },
    /// A worker wrote beside the directory that the request gave it.
    #[error("worker {program} wrote {} outside of its sandbox directory {sandbox}", path.display())]
    WroteOutsideOfSandbox {
        /// What ran.
        program: String,
        /// What it wrote, relative to the worker's own folder.
        path: PathBuf,
        /// The directory, relative to the same.
        sandbox: String,
    },
    /// A worker did not do what a worker has to.
    #[error("worker {program} {problem} (its log: {}){tail}", log.display())]
    Worker {
        /// What ran.
        program: String,
        /// `ended (exit status 3) before it answered`, `answered request 5, which …`, `did not answer within 60 s, and was killed`.
        problem: String,
        /// Where its standard error went.
        log: PathBuf,
        /// The last of it, after a newline; or nothing.
        tail: String,
    },
    /// The executor's own files (execution root, sandboxes, worker logs) cannot be made or read.
    #[error("{}: {error}", path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// A bug of ours, caught at the action it struck.
    #[error("a bug in prepyc ({0}); please report it")]
    Bug(String),
}

impl ExecutionError {
    pub(crate) fn input(path: &Path, error: io::Error) -> ExecutionError {
        ExecutionError::Input { path: path.to_owned(), error: Arc::new(error) }
    }
}
