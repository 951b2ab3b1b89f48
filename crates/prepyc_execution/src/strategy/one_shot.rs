//! A process for each action: in the execution root, or in a sandbox.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::folder::{ExecutionRoot, Folder};
use super::process::{Ended, command_of, name_of, run_to_end, tail};
use super::{Failure, Made, ProgramSpawn};
use crate::outcome::ExecutionError;

/// Where sandboxes are made.
#[derive(Debug)]
pub(crate) struct Sandboxes {
    root: PathBuf,
    made: AtomicUsize,
}

/// A sandbox, gone after this.
struct Sandbox {
    whole: PathBuf,
    folder: Folder,
}

impl Sandboxes {
    pub(crate) fn make_anew(root: PathBuf) -> Result<Sandboxes, ExecutionError> {
        let folder = Folder::make_anew(root)?;
        Ok(Sandboxes { root: folder.path().to_owned(), made: AtomicUsize::new(0) })
    }

    fn make(&self) -> Result<Sandbox, ExecutionError> {
        let whole = self.root.join(self.made.fetch_add(1, Ordering::Relaxed).to_string());
        // Named as Bazel names it, for tools that look.
        let folder = Folder::make_anew(whole.join("_main"))?;
        Ok(Sandbox { whole, folder })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be removed now is when the next executor begins.
        let _ = fs::remove_dir_all(&self.whole);
    }
}

/// Runs the program in the execution root.
pub(crate) fn run_local(spawn: &ProgramSpawn<'_>, root: &ExecutionRoot) -> Result<Made, Failure> {
    let action = spawn.prepared.action;
    root.prepare(action, &spawn.program.files, spawn.tool.places)?;
    let text = run_in(spawn, root.folder())?;
    Ok(Made { outputs: root.folder().take_outputs(action, &name_of(spawn.program), &text)?, text })
}

/// Runs the program in a folder with nothing but its own files and the action's inputs.
pub(crate) fn run_sandboxed(spawn: &ProgramSpawn<'_>, sandboxes: &Sandboxes) -> Result<Made, Failure> {
    let action = spawn.prepared.action;
    let sandbox = sandboxes.make()?;
    let files = &spawn.program.files;
    files.iter().chain(&action.inputs).try_for_each(|input| sandbox.folder.link(input))?;
    action.outputs.iter().try_for_each(|output| sandbox.folder.make_room(output))?;
    let text = run_in(spawn, &sandbox.folder)?;
    let program = name_of(spawn.program);
    let outputs = sandbox.folder.take_outputs(action, &program, &text)?;
    match sandbox.folder.stray(&[files, &action.inputs], &[&params_path(spawn)]) {
        Some(path) => Err(ExecutionError::WroteOutside { program, path }.into()),
        None => Ok(Made { outputs, text }),
    }
}

/// Runs the program there, with its arguments in a params file, and says what it said.
fn run_in(spawn: &ProgramSpawn<'_>, folder: &Folder) -> Result<String, Failure> {
    let mut command = command_of(spawn.program, folder.path());
    let arguments = &spawn.prepared.action.arguments;
    let params = params_path(spawn);
    if !arguments.is_empty() {
        if let Some(argument) = arguments.iter().find(|argument| argument.contains('\n')) {
            let message =
                format!("{argument:?}: an argument with a newline cannot be a line of a params file");
            return Err(Failure::Failed(ExecutionError::Arguments(message)));
        }
        folder.write(&params, &(arguments.join("\n") + "\n"))?;
        command.arg(format!("@{params}"));
    }
    let ended = run_to_end(command, spawn);
    if !arguments.is_empty() {
        // It is of no use to anyone else; a sandbox goes as a whole.
        let _ = fs::remove_file(folder.path().join(&params));
    }
    let program = name_of(spawn.program);
    match ended? {
        Ended { code: Some(0), text, .. } => Ok(text),
        Ended { code: Some(code), text, .. } if text.trim().is_empty() => {
            Err(Failure::Rejected(format!("{program}: exit status {code}, without a word\n")))
        }
        Ended { code: Some(_), text, .. } => Err(Failure::Rejected(text)),
        Ended { code: None, signal, text } => {
            Err(Failure::Failed(ExecutionError::Killed { program, signal, tail: tail(&text) }))
        }
    }
}

/// As Bazel names it.
fn params_path(spawn: &ProgramSpawn<'_>) -> String {
    format!("{}-0.params", spawn.prepared.action.outputs[0].exec_path)
}
