//! The workspace's own precompilers: put together where they are programs of the workspace, and as commands that can be started.
//!
//! A tool finds its files where Bazel puts them: sources by their own paths, what is made below the folder of outputs, runfiles
//! beside the executable.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use prepyc_execution::{Input, Program, Tool};
use prepyc_plan::{ConfiguredLabel, ENVIRONMENT, FailedActions, ToolchainId};

use crate::analysis::{Analysis, ConfigurationFacts, File, Interpreter, PrecompilerProgram};
use crate::assemble::{AssembleError, assemble, runfiles_tree};
use crate::content::{Contents, ShippedKind};
use crate::outputs::{OUTPUT_FOLDER, Outputs, exec_path};
use crate::runfiles::{RunfilesEntry, beside};

/// What precompiles, by toolchain; where there is nothing, prepyc itself does.
#[derive(Debug, Default)]
pub struct Tools(Vec<(ToolchainId, Arc<Tool>)>);

impl Tools {
    /// Finds every configuration's precompiler, and writes the launcher and the runfiles of those that are `py_binary`s.
    ///
    /// `interpreter` is taken where a tool's toolchain leaves open which one runs it.
    ///
    /// # Errors
    /// A `py_binary` that cannot be put together, or that would have to be precompiled first.
    pub fn assemble(
        analysis: &Analysis,
        outputs: &Outputs,
        interpreter: &Path,
    ) -> Result<Tools, AssembleError> {
        let failed = FailedActions::none();
        let contents = Contents::new(analysis, outputs, &failed);
        let mut tools: Vec<(ToolchainId, Arc<Tool>)> = Vec::new();
        for facts in &analysis.configurations {
            let Some(tool) = &facts.toolchains.precompiler else { continue };
            let mut starting = Starting::new(tool.requirements.clone());
            match &tool.program {
                PrecompilerProgram::Executable { file, runfiles } => {
                    starting.executable(facts, outputs, file, runfiles)
                }
                PrecompilerProgram::Interpreted { .. } => starting.interpreted(&tool.program),
                PrecompilerProgram::Binary(_) => match &facts.tool {
                    Some(label) => starting.binary(analysis, outputs, &contents, label, interpreter)?,
                    // Nothing is precompiled there.
                    None => continue,
                },
            }
            let tool = Tool::Program(starting.0);
            // Equal ones share their workers.
            let known = tools.iter().map(|(_, known)| known).find(|known| is_same(known, &tool)).cloned();
            tools.push((facts.toolchain, known.unwrap_or_else(|| Arc::new(tool))));
        }
        Ok(Tools(tools))
    }

    /// The precompiler of a toolchain; `None` for prepyc itself.
    pub(crate) fn of(&self, toolchain: ToolchainId) -> Option<&Arc<Tool>> {
        self.0.iter().find(|(known, _)| *known == toolchain).map(|(_, tool)| tool)
    }
}

fn is_same(one: &Tool, other: &Tool) -> bool {
    matches!((one, other), (Tool::Program(one), Tool::Program(other)) if one == other)
}

/// A program on its way: its command grows with its files.
struct Starting(Program);

impl Starting {
    fn new(requirements: BTreeMap<String, String>) -> Starting {
        let environment = ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Starting(Program {
            command: Vec::new(),
            files: Vec::new(),
            environment: environment.collect(),
            requirements,
        })
    }

    /// A file that the program needs, by its own path.
    fn file(&mut self, file: &File) -> String {
        let exec_path = exec_path(&file.label);
        self.0.files.push(Input { exec_path: exec_path.clone(), file: file.path.clone() });
        exec_path
    }

    /// A file that can be executed; with runfiles, a link to it among the outputs, and they beside that, as Bazel has it.
    fn executable(&mut self, facts: &ConfigurationFacts, outputs: &Outputs, file: &File, runfiles: &[File]) {
        if runfiles.is_empty() {
            let path = self.file(file);
            self.0.command.push(path);
            return;
        }
        let label = ConfiguredLabel { label: file.label.clone(), configuration: facts.id };
        let executable = format!("{OUTPUT_FOLDER}/{}", outputs.program(&label).display());
        for file in runfiles {
            let exec_path = format!("{executable}.runfiles/{}", file.label.runfiles_path());
            self.0.files.push(Input { exec_path, file: file.path.clone() });
        }
        self.0.files.push(Input { exec_path: executable.clone(), file: file.path.clone() });
        self.0.command.push(executable);
    }

    fn interpreted(&mut self, program: &PrecompilerProgram) {
        let PrecompilerProgram::Interpreted { interpreter, interpreter_args, main, files, env } = program
        else {
            return;
        };
        self.0.environment.extend(env.iter().cloned());
        let interpreter = match interpreter {
            Interpreter::Path(path) => path.display().to_string(),
            Interpreter::File(file) => self.file(file),
            Interpreter::Found => "python3".to_owned(),
        };
        for file in files {
            self.file(file);
        }
        let main = self.file(main);
        self.0.command.push(interpreter);
        self.0.command.extend(interpreter_args.iter().cloned());
        self.0.command.push(main);
    }

    /// A `py_binary`: its launcher, and its runfiles beside it.
    fn binary(
        &mut self,
        analysis: &Analysis,
        outputs: &Outputs,
        contents: &Contents<'_>,
        label: &ConfiguredLabel,
        interpreter: &Path,
    ) -> Result<(), AssembleError> {
        let target = &analysis.targets[label];
        let Some(content) = contents.program(target) else { return Ok(()) };
        if let Some((path, _)) = content.files.iter().find(|(_, file)| file.kind == ShippedKind::Pyc) {
            return Err(AssembleError::needs_itself(target, path));
        }
        let place = outputs.program(label);
        let launcher = outputs.base().join(&place);
        assemble(target, &content, &launcher, interpreter)?;
        let tree = runfiles_tree(target, &content).map_err(|error| AssembleError::runfiles(target, error))?;
        let executable = format!("{OUTPUT_FOLDER}/{}", place.display());
        let folder = beside(&launcher, ".runfiles");
        for (path, entry) in tree.entries() {
            let exec_path = format!("{executable}.runfiles/{path}");
            let file = match entry {
                RunfilesEntry::File(file) => file.clone(),
                RunfilesEntry::Empty => folder.join(path),
            };
            self.0.files.push(Input { exec_path, file });
        }
        self.0.files.push(Input { exec_path: executable.clone(), file: launcher });
        self.0.command.push(executable);
        Ok(())
    }
}
