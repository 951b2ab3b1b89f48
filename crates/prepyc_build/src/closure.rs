//! What a target reaches: its dependencies, the data that ships with them, the folders they are imported from.

use std::collections::BTreeSet;

use prepyc_plan::ConfiguredLabel;

use crate::analysis::{Analysis, PythonTarget};

/// All that a target depends on by `deps`, without itself, by label.
pub(crate) fn dependencies(analysis: &Analysis, target: &PythonTarget) -> BTreeSet<ConfiguredLabel> {
    let mut reached = BTreeSet::new();
    let mut waiting = target.deps.clone();
    while let Some(label) = waiting.pop() {
        if let Some(dep) = analysis.targets.get(&label)
            && reached.insert(label)
        {
            waiting.extend(dep.deps.iter().cloned());
        }
    }
    reached
}

/// All that ships with a program: itself, what it depends on, and what is data to any of them, by label.
pub(crate) fn shipped(analysis: &Analysis, target: &PythonTarget) -> BTreeSet<ConfiguredLabel> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![target.label.clone()];
    while let Some(label) = waiting.pop() {
        if let Some(reaching) = analysis.targets.get(&label)
            && reached.insert(label)
        {
            waiting.extend(reaching.deps.iter().chain(&reaching.data_targets).cloned());
        }
    }
    reached
}

/// The folders that a program imports from, as paths in a tree of runfiles: its own, then each dependency's, in the order
/// that BUILD files name them, each once.
pub(crate) fn imports(analysis: &Analysis, target: &PythonTarget) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![target.label.clone()];
    while let Some(label) = waiting.pop() {
        let Some(reached) = analysis.targets.get(&label) else { continue };
        if !seen.insert(label) {
            continue;
        }
        for folder in &reached.imports {
            if known.insert(folder.clone()) {
                folders.push(folder.clone());
            }
        }
        waiting.extend(reached.deps.iter().rev().cloned());
    }
    folders
}
