//! Puts a program together: its tree of runfiles and what starts it.

use std::path::Path;

use prepyc_plan::MAIN_REPOSITORY;

use crate::analysis::{InitFiles, Interpreter, PythonTarget};
use crate::content::{MainPath, ProgramContent};
use crate::launcher::{self, Launcher, LauncherError, write_launcher};
use crate::runfiles::{RepositoryMapping, RunfilesEntry, RunfilesError, RunfilesTree, write_tree};

/// Why a program cannot be put together.
#[derive(Debug, thiserror::Error)]
#[error("{label}: {cause}")]
pub struct AssembleError {
    label: String,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Runfiles(#[from] RunfilesError),
    #[error(transparent)]
    Launcher(#[from] LauncherError),
    #[error(
        "it precompiles, so it cannot ship pycs itself, and its runfiles have {0}; leave its precompile flags alone"
    )]
    NeedsItself(String),
}

impl AssembleError {
    /// A precompiler whose runfiles have pycs, which it would have to make.
    pub(crate) fn needs_itself(target: &PythonTarget, pyc: &str) -> AssembleError {
        AssembleError { label: target.label.label.to_string(), cause: Cause::NeedsItself(pyc.to_owned()) }
    }

    /// A program whose runfiles are no tree.
    pub(crate) fn runfiles(target: &PythonTarget, error: RunfilesError) -> AssembleError {
        AssembleError { label: target.label.label.to_string(), cause: error.into() }
    }
}

/// Writes what starts a program, and its tree of runfiles beside it. What is right already is not touched.
///
/// `interpreter` is taken where the target's toolchain leaves open which one runs it.
///
/// # Errors
/// Files that want each other's places, texts that can stand in no launcher, and whatever the file system says.
pub fn assemble(
    target: &PythonTarget,
    content: &ProgramContent,
    executable: &Path,
    interpreter: &Path,
) -> Result<(), AssembleError> {
    let named = |cause: Cause| AssembleError { label: target.label.label.to_string(), cause };
    let tree = runfiles_tree(target, content).map_err(|error| named(error.into()))?;
    let launcher = launcher(target, content, &tree, interpreter);
    write_launcher(&launcher, executable).map_err(|error| named(error.into()))?;
    write_tree(&tree, &repository_mapping(&tree), executable).map_err(|error| named(error.into()))?;
    Ok(())
}

/// The tree of a program's runfiles.
///
/// # Errors
/// Files that want each other's places.
pub fn runfiles_tree(target: &PythonTarget, content: &ProgramContent) -> Result<RunfilesTree, RunfilesError> {
    let entries = content.files.iter();
    let entries = entries.map(|(path, file)| (path.clone(), RunfilesEntry::File(file.path.clone())));
    let tree = RunfilesTree::new(entries.collect())?;
    Ok(match target.program.as_ref().map(|program| program.creates_init_files) {
        Some(InitFiles::Created) => tree.with_init_files(MAIN_REPOSITORY),
        Some(InitFiles::AsTheyAre) | None => tree,
    })
}

/// What starts a program, as data.
pub fn launcher(
    target: &PythonTarget,
    content: &ProgramContent,
    tree: &RunfilesTree,
    interpreter: &Path,
) -> Launcher {
    let program = target.program.as_ref();
    let own = program.map(|program| &program.python.interpreter);
    Launcher {
        executable: target.label.label.runfiles_path(),
        interpreter: match own {
            Some(Interpreter::Path(path)) => launcher::Interpreter::Absolute(path.clone()),
            Some(Interpreter::File(file)) => launcher::Interpreter::Runfiles(file.label.runfiles_path()),
            Some(Interpreter::Found) | None => launcher::Interpreter::Absolute(interpreter.to_owned()),
        },
        interpreter_args: program.map(|program| program.interpreter_args.clone()).unwrap_or_default(),
        main: match &content.main {
            MainPath::File(path) => launcher::Main::File(path.clone()),
            MainPath::Module(module) => launcher::Main::Module(module.clone()),
        },
        imports: content.imports.clone(),
        repositories: repositories(tree),
        environment: program.map(|program| program.env.iter().cloned().collect()).unwrap_or_default(),
    }
}

/// The topmost folders of a tree, the main repository's first.
fn repositories(tree: &RunfilesTree) -> Vec<String> {
    let others = tree.repositories().into_iter().filter(|name| *name != MAIN_REPOSITORY);
    std::iter::once(MAIN_REPOSITORY).chain(others).map(str::to_owned).collect()
}

/// How repositories call each other: here every one by its own name.
pub fn repository_mapping(tree: &RunfilesTree) -> RepositoryMapping {
    let mut mapping = RepositoryMapping::default();
    for name in repositories(tree) {
        mapping.insert("", &name, &name);
    }
    mapping
}
