//! What is run: a tool, its arguments, what it reads and what it makes. Nothing here knows a target.
//!
//! Paths come in pairs: the *exec path* is what the tool is told, relative to the execution root, the same in every
//! checkout; the *file* is where that is on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing to do. Actions of one build do not depend on each other.
#[derive(Clone, Debug)]
pub struct Action {
    /// Bazel's name for what it does: `PyCompile`. Strategies and worker flags are chosen by it.
    pub mnemonic: &'static str,
    /// What the user is told it does: `Python precompiling INPUT into OUTPUT`.
    pub description: String,
    /// What runs.
    pub tool: Arc<Tool>,
    /// The lines of the params file: the tool's arguments after those of its own command.
    pub arguments: Vec<String>,
    /// What it reads, its tool aside. The first is the one whose mode the outputs take.
    pub inputs: Vec<Input>,
    /// What it makes; at least one.
    pub outputs: Vec<Output>,
    /// Whether the build fails where the inputs are rejected.
    pub rejection: Rejection,
}

/// What it means for the build that a tool rejects an action's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The build has failed, and stops where the first failure stops it.
    Fails,
    /// Whoever asked goes on without the outputs.
    Tolerated,
}

/// A file that an action may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What the tool calls it.
    pub exec_path: String,
    /// Where it is, absolute.
    pub file: PathBuf,
}

/// A file that an action makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What the tool calls it.
    pub exec_path: String,
    /// Where it is put, absolute and below the executor's output root.
    pub file: PathBuf,
}

/// What runs an action. Actions that share one share its workers, and its files are looked at once.
#[derive(Clone, Debug)]
pub enum Tool {
    /// prepyc's own precompiler. It always runs in this process: strategies are about programs.
    Builtin,
    /// Any other precompiler.
    Program(Program),
}

/// An executable, or an interpreter with its arguments and main file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The executable, and its arguments before those of any action. Exec paths are relative to the execution root; a name
    /// without a slash is looked for on the PATH of `environment`.
    pub command: Vec<String>,
    /// What it needs to run: at least one where it is to be run as a worker, as in Bazel.
    pub files: Vec<Input>,
    /// All of its environment variables: the action's, the program's own and the caller's, as one.
    pub environment: BTreeMap<String, String>,
    /// Bazel's execution requirements: `supports-workers`, `supports-multiplex-workers`, `requires-worker-protocol`,
    /// `supports-multiplex-sandboxing`, `supports-worker-cancellation`, `worker-key-mnemonic`, `no-sandbox`, `no-cache` and `local`
    /// mean something here.
    pub requirements: BTreeMap<String, String>,
}

/// An action that cannot be run by anyone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It has nothing to make.
    #[error("it has no outputs")]
    NoOutputs,
    /// An exec path leads out of the execution root, or is not written in the one way.
    #[error(
        "{0:?} is no path below the execution root: it is relative, with neither empty parts nor `.` nor `..`"
    )]
    ExecPath(String),
    /// A file is named twice.
    #[error("{0} is named twice among its inputs and outputs")]
    Twice(String),
    /// An output lies elsewhere.
    #[error("its output {} does not lie below the output root {}", .0.display(), .1.display())]
    OutsideOfRoot(PathBuf, PathBuf),
    /// Another action of the same run makes that file.
    #[error("its output {} is another action's output, too", .0.display())]
    SharedOutput(PathBuf),
    /// A program without a command.
    #[error("its tool has an empty command line")]
    NoCommand,
}

impl Action {
    /// Looks at the action itself, not at any file.
    pub(crate) fn check(&self, output_root: &Path) -> Result<(), ActionError> {
        if self.outputs.is_empty() {
            return Err(ActionError::NoOutputs);
        }
        let inputs = self.inputs.iter().map(|input| input.exec_path.as_str());
        let outputs = self.outputs.iter().map(|output| output.exec_path.as_str());
        let mut paths: Vec<&str> = inputs.chain(outputs).collect();
        if let Some(path) = paths.iter().find(|path| !is_exec_path(path)) {
            return Err(ActionError::ExecPath((*path).to_owned()));
        }
        paths.sort_unstable();
        if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ActionError::Twice(pair[0].to_owned()));
        }
        for output in &self.outputs {
            let below = output.file.strip_prefix(output_root).ok();
            let plain = below.is_some_and(|path| path.to_str().is_none_or(is_exec_path));
            if !plain {
                return Err(ActionError::OutsideOfRoot(output.file.clone(), output_root.to_owned()));
            }
        }
        Ok(())
    }
}

impl Program {
    pub(crate) fn check(&self) -> Result<(), ActionError> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err(ActionError::NoCommand);
        }
        match self.files.iter().find(|file| !is_exec_path(&file.exec_path)) {
            Some(file) => Err(ActionError::ExecPath(file.exec_path.clone())),
            None => Ok(()),
        }
    }

    /// Whether an execution requirement is set, as Bazel reads them: to anything but `0`.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.requirements.get(name).is_some_and(|value| value != "0")
    }
}

/// Whether a path is relative and plain: no empty part, no `.`, no `..`, no NUL.
pub(crate) fn is_exec_path(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != "..") && !path.contains('\0')
}
