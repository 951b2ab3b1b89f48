//! From actions of the plan to actions that can be run: tools, paths, arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_execution::{Action, Input, Output, Rejection, Tool};
use prepyc_plan::{ActionId, Label, MNEMONIC, OnPrecompileError};

use crate::analysis::Analysis;
use crate::outputs::{OUTPUT_FOLDER, Outputs, exec_path};
use crate::tools::Tools;

/// Where each source is on disk, by label.
pub(crate) fn source_files(analysis: &Analysis) -> BTreeMap<&Label, &Path> {
    let files = analysis.targets.values().flat_map(|target| &target.sources);
    files.map(|file| (&file.label, file.path.as_path())).collect()
}

/// The actions of the plan that are asked for, in their order.
pub(crate) fn actions(
    analysis: &Analysis,
    outputs: &Outputs,
    tools: &Tools,
    wanted: &[ActionId],
) -> Vec<Action> {
    let files = source_files(analysis);
    let builtin = Arc::new(Tool::Builtin);
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
            tool: tools.of(planned.toolchain()).unwrap_or(&builtin).clone(),
            arguments: planned.arguments(source, &source_path, &pyc_path),
            inputs: vec![Input { exec_path: source_path, file }],
            outputs: vec![Output { exec_path: pyc_path, file: outputs.base().join(pyc) }],
            rejection,
        });
    }
    actions
}
