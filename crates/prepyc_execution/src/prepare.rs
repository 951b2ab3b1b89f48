//! From an action to what is known of it: its inputs' digests, and the key that stands for all its outputs depend on.
//!
//! Two actions of one key make the same outputs, on any machine and in any checkout: no file's place is part of it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use prepyc_engine::{InvalidationMode, Source, SourceError};

use crate::action::{Action, Program, Tool};
use crate::digest::{Digest, FieldHasher};
use crate::file_state::{FileDigests, FileState};
use crate::outcome::ExecutionError;
use crate::precompiler::{Batch, CompileArguments};
use crate::strategy::builtin::Engines;

/// Raised whenever equal actions of an older prepyc must not be taken for the same.
const KEY_VERSION: &str = "prepyc action 1";

/// An action whose inputs were looked at.
pub(crate) struct Prepared<'a> {
    pub(crate) action: &'a Action,
    pub(crate) key: Digest,
    /// In the order of the action's.
    pub(crate) inputs: Vec<PreparedInput>,
    pub(crate) tool: PreparedTool<'a>,
}

/// An input, and what it held when it was looked at.
pub(crate) struct PreparedInput {
    pub(crate) state: FileState,
    pub(crate) digest: Digest,
    /// Its bytes, where they had to be read for the digest and the builtin precompiler wants them.
    pub(crate) source: Option<Source>,
}

/// What runs the action.
pub(crate) enum PreparedTool<'a> {
    Builtin(Batch),
    Program { program: &'a Program, files: Arc<ToolFiles> },
}

/// A program's files, looked at once.
#[derive(Debug)]
pub(crate) struct ToolFiles {
    /// Of their exec paths and bytes.
    pub(crate) digest: Digest,
    /// Of their exec paths and where they are on this machine.
    pub(crate) places: Digest,
    /// As requests to workers name them.
    pub(crate) inputs: Vec<prepyc_protocol::Input>,
}

impl Prepared<'_> {
    /// What the tool calls the outputs.
    pub(crate) fn output_names(&self) -> Vec<&str> {
        self.action.outputs.iter().map(|output| output.exec_path.as_str()).collect()
    }
}

impl PreparedTool<'_> {
    /// Whether what it makes may be kept, and taken from what was kept.
    pub(crate) fn may_be_cached(&self) -> bool {
        match self {
            PreparedTool::Builtin(_) => true,
            PreparedTool::Program { program, .. } => !program.requires("no-cache"),
        }
    }
}

/// What the actions of one run share while they are prepared.
pub(crate) struct Preparer<'a> {
    output_root: &'a Path,
    digests: &'a FileDigests,
    engines: &'a Engines<'a>,
    /// By the address of the tool: actions share them.
    tools: Mutex<Vec<(usize, Result<ToolDigests, ExecutionError>)>>,
}

/// What is the same for all actions of a program.
#[derive(Clone)]
struct ToolDigests {
    files: Arc<ToolFiles>,
    /// Of all that can be told about it.
    whole: Digest,
}

impl<'p> Preparer<'p> {
    pub(crate) fn new(
        output_root: &'p Path,
        digests: &'p FileDigests,
        engines: &'p Engines<'p>,
    ) -> Preparer<'p> {
        Preparer { output_root, digests, engines, tools: Mutex::default() }
    }

    /// Looks at an action's inputs and tool.
    pub(crate) fn prepare<'a>(&self, action: &'a Action) -> Result<Prepared<'a>, ExecutionError> {
        action.check(self.output_root)?;
        let (tool, tool_digest) = match &*action.tool {
            Tool::Builtin => {
                let batch = understand(action)?;
                let identity = self.engines.identity(batch.python_version)?;
                (PreparedTool::Builtin(batch), identity)
            }
            Tool::Program(program) => {
                let digests = self.tool(program)?;
                (PreparedTool::Program { program, files: digests.files }, digests.whole)
            }
        };
        let inputs = action
            .inputs
            .iter()
            .map(|input| self.input(&input.file, &tool))
            .collect::<Result<Vec<_>, ExecutionError>>()?;
        let key = key(action, &tool, tool_digest, &inputs);
        Ok(Prepared { action, key, inputs, tool })
    }

    fn input(&self, path: &Path, tool: &PreparedTool<'_>) -> Result<PreparedInput, ExecutionError> {
        let mut source = None;
        let result = self.digests.get(path, |path| match tool {
            PreparedTool::Builtin(_) => {
                let read = Source::read_found(path).map_err(InputError::Source)?;
                let digest = Digest::of(&read.bytes);
                source = Some(read);
                Ok(digest)
            }
            PreparedTool::Program { .. } => Ok(Digest::of_file(path)?),
        });
        match result {
            Ok((state, digest)) => Ok(PreparedInput { state, digest, source }),
            Err(InputError::Source(error)) => Err(ExecutionError::Arguments(error.to_string())),
            Err(InputError::Io(error)) => Err(ExecutionError::input(path, error)),
        }
    }

    fn tool(&self, program: &Program) -> Result<ToolDigests, ExecutionError> {
        // The lock is held while the files are read: whoever comes next would read the same ones.
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let address = std::ptr::from_ref(program).addr();
        if let Some((_, known)) = tools.iter().find(|(known, _)| *known == address) {
            return known.clone();
        }
        let found = self.look_at_tool(program);
        tools.push((address, found.clone()));
        found
    }

    fn look_at_tool(&self, program: &Program) -> Result<ToolDigests, ExecutionError> {
        program.check()?;
        let mut places = FieldHasher::new("prepyc tool places 1");
        let mut files: Vec<(&str, Digest)> = Vec::with_capacity(program.files.len());
        for file in &program.files {
            let (_, digest) = self
                .digests
                .get(&file.file, Digest::of_file)
                .map_err(|error| ExecutionError::input(&file.file, error))?;
            files.push((&file.exec_path, digest));
            places.text(&file.exec_path);
            places.bytes(file.file.as_os_str().as_bytes());
        }
        files.sort_unstable();
        let mut hasher = FieldHasher::new("prepyc tool files 1");
        hasher.count(files.len());
        let mut inputs = Vec::with_capacity(files.len());
        for (path, digest) in files {
            hasher.text(path);
            hasher.digest(digest);
            inputs.push(prepyc_protocol::Input { path: path.to_owned(), digest: digest.hex().into_bytes() });
        }
        let files = Arc::new(ToolFiles { digest: hasher.finish(), places: places.finish(), inputs });
        let mut hasher = FieldHasher::new("prepyc program 1");
        hasher.digest(files.digest);
        hasher.count(program.command.len());
        program.command.iter().for_each(|argument| hasher.text(argument));
        for map in [&program.environment, &program.requirements] {
            hasher.count(map.len());
            for (name, value) in map {
                hasher.text(name);
                hasher.text(value);
            }
        }
        Ok(ToolDigests { files, whole: hasher.finish() })
    }
}

enum InputError {
    Io(std::io::Error),
    Source(SourceError),
}

impl From<std::io::Error> for InputError {
    fn from(error: std::io::Error) -> InputError {
        InputError::Io(error)
    }
}

/// The builtin precompiler's arguments, with paths as the action names them.
fn understand(action: &Action) -> Result<Batch, ExecutionError> {
    CompileArguments::parse(&action.arguments)
        .and_then(|typed| Batch::new(typed, Path::new("")))
        .map_err(|error| ExecutionError::Arguments(error.to_string()))
}

fn key(action: &Action, tool: &PreparedTool<'_>, tool_digest: Digest, inputs: &[PreparedInput]) -> Digest {
    let mut hasher = FieldHasher::new(KEY_VERSION);
    hasher.text(action.mnemonic);
    hasher.digest(tool_digest);
    hasher.count(action.arguments.len());
    action.arguments.iter().for_each(|argument| hasher.text(argument));
    // In order: the first gives the outputs their mode.
    hasher.count(inputs.len());
    for (input, prepared) in action.inputs.iter().zip(inputs) {
        hasher.text(&input.exec_path);
        hasher.digest(prepared.digest);
    }
    hasher.count(action.outputs.len());
    action.outputs.iter().for_each(|output| hasher.text(&output.exec_path));
    if let PreparedTool::Builtin(Batch { invalidation_mode: InvalidationMode::Timestamp, .. }) = tool {
        for input in inputs {
            hasher.bytes(&input.state.mtime.seconds.to_le_bytes());
            hasher.bytes(&input.state.mtime.nanoseconds.to_le_bytes());
        }
    }
    hasher.finish()
}
