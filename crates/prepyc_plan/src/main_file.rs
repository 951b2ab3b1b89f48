//! What a binary runs: the source that `main` names, its pyc, or a module.

use crate::action::{ActionId, FailedActions, FileId};
use crate::decision::{AttributeValue, Decided, Fact, Origin, Rule};
use crate::error::PlanError;
use crate::graph::{Main, SourceFile, Target};
use crate::resolve::Collection;
use crate::source::{SourceFate, SourcePlan};

/// What the launcher starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainFile {
    /// A source.
    Source(FileId),
    /// The pyc that stands where the source would be.
    Pyc(ActionId),
    /// A module by its dotted name, whoever brings it. Nothing stands for it in the binary's own sources.
    Module(String),
}

/// The main source of a binary, or its module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The place of the main source among the target's sources.
    Source(usize),
    Module(String),
}

/// Finds the one source whose path ends as `main` says, or as `NAME.py`.
///
/// # Errors
/// No such source, several, or a name that is no file's.
pub(crate) fn find(
    target: &Target,
    main: &Main,
    sources: &[SourcePlan],
    files: &[SourceFile],
) -> Result<Entry, PlanError> {
    let bad = |problem: String| PlanError::BadMain { target: target.configured_label(), problem };
    let (wanted, named_by) = match main {
        Main::Module(module) => return Ok(Entry::Module(module.clone())),
        Main::File(name) if !name.ends_with(".py") => {
            return Err(bad(format!("main = {name:?} does not end in .py")));
        }
        Main::File(name) => (name.clone(), "main"),
        Main::ByName if target.label.name().ends_with(".py") => {
            return Err(bad("its name may not end in .py".to_owned()));
        }
        Main::ByName => (format!("{}.py", target.label.name()), "its name, as main is not set"),
    };
    let suffix = format!("/{wanted}");
    let path = |index: usize| files[sources[index].file.0 as usize].label.short_path();
    let matching: Vec<usize> =
        (0..sources.len()).filter(|&index| format!("/{}", path(index)).ends_with(&suffix)).collect();
    match matching[..] {
        [index] => Ok(Entry::Source(index)),
        [] => Err(bad(format!("no file of srcs is called {wanted:?}, after {named_by}"))),
        _ => {
            let paths: Vec<String> = matching.into_iter().map(path).collect();
            Err(bad(format!(
                "several files of srcs are called {wanted:?}, after {named_by}: {}",
                paths.join(", ")
            )))
        }
    }
}

/// §5: the pyc where the source is omitted and pycs are collected, else the source. A module is left alone.
pub(crate) fn decide(
    entry: &Entry,
    sources: &[SourcePlan],
    collection: Collection,
    failed: &FailedActions,
) -> Decided<MainFile> {
    let decided = |value, origin| Decided::by(Rule::Main, value, origin);
    let source = match entry {
        Entry::Module(module) => {
            let origin = Origin::Attribute(AttributeValue::MainModule);
            return decided(MainFile::Module(module.clone()), origin);
        }
        Entry::Source(index) => &sources[*index],
    };
    let itself = MainFile::Source(source.file);
    match (source.outcome(failed), collection) {
        _ if source.has_failed(failed) => decided(itself, Origin::Fact(Fact::PrecompileError)),
        ((SourceFate::Omitted, [pyc, ..]), Collection::On) => {
            decided(MainFile::Pyc(*pyc), Origin::Follows(Rule::Retention))
        }
        ((SourceFate::Omitted, _), _) => decided(itself, Origin::Follows(Rule::Collect)),
        ((SourceFate::Kept, _), _) => decided(itself, Origin::Follows(Rule::KeepSource)),
    }
}
