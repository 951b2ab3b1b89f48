//! What a program's tree of runfiles holds: what the plan ships, and the data of all that it reaches.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prepyc_plan::{Artifact, Decided, FailedActions, Label, MainFile, Plan};

use crate::actions::source_files;
use crate::analysis::{Analysis, File, Interpreter, PythonTarget};
use crate::closure;
use crate::outputs::Outputs;

/// Where everything that may ship is on disk.
#[derive(Debug)]
pub struct Contents<'a> {
    analysis: &'a Analysis,
    outputs: &'a Outputs,
    failed: &'a FailedActions,
    sources: BTreeMap<&'a Label, &'a Path>,
}

/// What a program ships and starts.
#[derive(Clone, Debug)]
pub struct ProgramContent {
    /// Every file by its path in the tree of runfiles.
    pub files: BTreeMap<String, Shipped>,
    /// What it runs, as decided once the failures are known.
    pub main: MainPath,
    /// The folders it imports from, as paths in the tree of runfiles.
    pub imports: Vec<String>,
    /// Two things that want one path, and what became of them; for people.
    pub collisions: Vec<String>,
}

/// A file that ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// What it is.
    pub kind: ShippedKind,
    /// Whose it is: the label of the file or, for what is made, of what it is made from.
    pub owner: Label,
    /// For a pyc, what it was made from, whether that ships or not.
    pub source: Option<SourceOfPyc>,
}

/// The source that a pyc was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOfPyc {
    /// Its path in the tree of runfiles.
    pub runfiles_path: String,
    /// Where it is, absolute.
    pub path: PathBuf,
}

/// What a file that ships is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShippedKind {
    /// A Python source.
    Source,
    /// A pyc that was made.
    Pyc,
    /// What starts a program.
    Executable,
    /// Anything else.
    Data,
}

/// What a launcher starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainPath {
    /// A source or pyc, by its path in the tree of runfiles.
    File(String),
    /// A module, by its dotted name.
    Module(String),
}

impl<'a> Contents<'a> {
    /// The contents of what was built.
    pub fn new(analysis: &'a Analysis, outputs: &'a Outputs, failed: &'a FailedActions) -> Contents<'a> {
        Contents { analysis, outputs, failed, sources: source_files(analysis) }
    }

    /// What a program ships. `None` for what is no program.
    pub fn program(&self, target: &PythonTarget) -> Option<ProgramContent> {
        let plan = &self.analysis.plan;
        let program = target.program.as_ref()?;
        let id = plan.find(&target.label.label, target.label.configuration)?;
        let runfiles = plan.runfiles(id, self.failed);
        let mut files = BTreeMap::new();
        for artifact in runfiles.artifacts {
            self.add(&mut files, artifact);
        }
        for label in closure::shipped(self.analysis, target) {
            let Some(reached) = self.analysis.targets.get(&label) else { continue };
            for file in &reached.data_files {
                add_file(&mut files, file);
            }
            for data in &reached.data_targets {
                let Some(id) = plan.find(&data.label, data.configuration) else { continue };
                let outputs = plan.default_outputs(id, self.failed);
                for artifact in outputs.into_iter().chain(plan.runfiles(id, self.failed).artifacts) {
                    self.add(&mut files, artifact);
                }
            }
        }
        if let Interpreter::File(interpreter) = &program.python.interpreter {
            add_file(&mut files, interpreter);
        }
        for file in &program.python.files {
            add_file(&mut files, file);
        }
        let main = main_path(plan, plan.main(id, self.failed)?);
        let collisions = runfiles.collisions.iter().map(|collision| plan.describe_collision(collision));
        Some(ProgramContent {
            files,
            main,
            imports: closure::imports(self.analysis, target),
            collisions: collisions.collect(),
        })
    }

    /// What building a library or program by itself leaves behind, of what was made: executables and pycs, below the folder
    /// of outputs.
    pub fn default_outputs(&self, target: &PythonTarget) -> Vec<PathBuf> {
        let plan = &self.analysis.plan;
        let Some(id) = plan.find(&target.label.label, target.label.configuration) else { return Vec::new() };
        let artifacts = plan.default_outputs(id, self.failed).into_iter();
        let made = artifacts.filter_map(|artifact| match artifact {
            Artifact::Executable(_) => Some(self.outputs.program(&target.label)),
            Artifact::Pyc(action) => Some(self.outputs.pyc(plan.action(action))),
            Artifact::Source(_) => None,
        });
        made.collect()
    }

    fn add(&self, files: &mut BTreeMap<String, Shipped>, artifact: Artifact) {
        let plan = &self.analysis.plan;
        let shipped = match artifact {
            Artifact::Source(file) => {
                let label = &plan.file(file).label;
                let Some(path) = self.sources.get(label) else { return };
                Shipped {
                    path: path.to_path_buf(),
                    kind: ShippedKind::Source,
                    owner: label.clone(),
                    source: None,
                }
            }
            Artifact::Pyc(action) => {
                let action = plan.action(action);
                let label = &plan.file(action.source()).label;
                let source = self.sources.get(label).map(|path| SourceOfPyc {
                    runfiles_path: plan.runfiles_path(Artifact::Source(action.source())).to_owned(),
                    path: path.to_path_buf(),
                });
                Shipped {
                    path: self.outputs.base().join(self.outputs.pyc(action)),
                    kind: ShippedKind::Pyc,
                    owner: label.clone(),
                    source,
                }
            }
            Artifact::Executable(target) => {
                let target = plan.target(target);
                let label = prepyc_plan::ConfiguredLabel {
                    label: target.label().clone(),
                    configuration: target.configuration(),
                };
                Shipped {
                    path: self.outputs.base().join(self.outputs.program(&label)),
                    kind: ShippedKind::Executable,
                    owner: label.label,
                    source: None,
                }
            }
        };
        files.entry(plan.runfiles_path(artifact).to_owned()).or_insert(shipped);
    }
}

fn add_file(files: &mut BTreeMap<String, Shipped>, file: &File) {
    files.entry(file.label.runfiles_path()).or_insert_with(|| Shipped {
        path: file.path.clone(),
        kind: ShippedKind::Data,
        owner: file.label.clone(),
        source: None,
    });
}

fn main_path(plan: &Plan, main: Decided<MainFile>) -> MainPath {
    match main.value {
        MainFile::Source(file) => MainPath::File(plan.runfiles_path(Artifact::Source(file)).to_owned()),
        MainFile::Pyc(action) => MainPath::File(plan.runfiles_path(Artifact::Pyc(action)).to_owned()),
        MainFile::Module(module) => MainPath::Module(module),
    }
}
