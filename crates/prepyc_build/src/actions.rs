//! From actions of the plan to actions that can be run: tools, paths, environments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_execution::{Action, Input, Output, Program, Rejection, Tool};
use prepyc_plan::{ActionId, ENVIRONMENT, Label, MNEMONIC, OnPrecompileError, ToolchainId};

use crate::analysis::{Analysis, ConfigurationFacts, File, Interpreter, PrecompilerProgram};
use crate::outputs::{OUTPUT_FOLDER, Outputs, exec_path};

/// Where each source is on disk, by label.
pub(crate) fn source_files(analysis: &Analysis) -> BTreeMap<&Label, &Path> {
    let files = analysis.targets.values().flat_map(|target| &target.sources);
    files.map(|file| (&file.label, file.path.as_path())).collect()
}

/// The actions of the plan that are asked for, in their order.
pub(crate) fn actions(analysis: &Analysis, outputs: &Outputs, wanted: &[ActionId]) -> Vec<Action> {
    let files = source_files(analysis);
    let builtin = Arc::new(Tool::Builtin);
    let mut tools: Vec<(ToolchainId, Arc<Tool>)> = Vec::new();
    let mut tool_of = |toolchain: ToolchainId| match tools.iter().find(|(known, _)| *known == toolchain) {
        Some((_, tool)) => Arc::clone(tool),
        None => {
            let facts = analysis.configurations.iter().find(|facts| facts.toolchain == toolchain);
            let program = facts.and_then(|facts| Some((facts, facts.toolchains.precompiler.as_ref()?)));
            let tool = match program {
                Some((facts, program)) => Arc::new(Tool::Program(program_of(facts, program))),
                None => Arc::clone(&builtin),
            };
            tools.push((toolchain, Arc::clone(&tool)));
            tool
        }
    };
    let mut actions = Vec::with_capacity(wanted.len());
    for &id in wanted {
        let planned = analysis.plan.action(id);
        let source = analysis.plan.file(planned.source());
        let source_path = exec_path(&source.label);
        let pyc = outputs.pyc(planned);
        let pyc_path = format!("{OUTPUT_FOLDER}/{}", pyc.display());
        let rejection = match planned.on_error() {
            OnPrecompileError::Warn | OnPrecompileError::KeepSource => Rejection::Tolerated,
            OnPrecompileError::Auto | OnPrecompileError::Fail => Rejection::Fails,
        };
        let file = files.get(&source.label).map_or_else(PathBuf::new, |file| file.to_path_buf());
        actions.push(Action {
            mnemonic: MNEMONIC,
            description: format!("Python precompiling {source_path} into {pyc_path}"),
            tool: tool_of(planned.toolchain()),
            arguments: planned.arguments(source, &source_path, &pyc_path),
            inputs: vec![Input { exec_path: source_path, file }],
            outputs: vec![Output { exec_path: pyc_path, file: outputs.base().join(pyc) }],
            rejection,
        });
    }
    actions
}

/// A toolchain's precompiler as a program that can be started.
fn program_of(facts: &ConfigurationFacts, program: &PrecompilerProgram) -> Program {
    let mut environment: BTreeMap<String, String> =
        ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut inputs = Vec::new();
    let mut input = |file: &File| {
        let exec_path = exec_path(&file.label);
        inputs.push(Input { exec_path: exec_path.clone(), file: file.path.clone() });
        exec_path
    };
    let command = match program {
        PrecompilerProgram::Executable(file) => vec![input(file)],
        PrecompilerProgram::Interpreted { interpreter, interpreter_args, main, files, env } => {
            environment.extend(env.iter().cloned());
            let interpreter = match interpreter {
                Interpreter::Path(path) => path.display().to_string(),
                Interpreter::File(file) => input(file),
                Interpreter::Found => "python3".to_owned(),
            };
            for file in files {
                input(file);
            }
            let main = input(main);
            let arguments = interpreter_args.iter().cloned().chain([main]);
            std::iter::once(interpreter).chain(arguments).collect()
        }
    };
    let requirements = match facts.configuration.precompiling_flags() {
        Ok(flags) => {
            let requirements = flags.execution_requirements.value;
            requirements.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        }
        // The configuration was made of flags that could be read.
        Err(_) => BTreeMap::new(),
    };
    Program { command, files: inputs, environment, requirements }
}
