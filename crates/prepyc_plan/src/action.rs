//! Precompile actions: one source to one pyc, shared by every target that asks for the same.
//!
//! What Bazel calls an action conflict cannot arise: two actions that would write one path of one configuration
//! (targets that share a source and differ in level or invalidation) are told apart by [`Action::variant`].

use rustc_hash::{FxHashMap, FxHashSet};

use crate::flag::OnPrecompileError;
use crate::graph::{ConfigurationId, SourceFile, ToolchainId};
use crate::label::Label;
use crate::level::OptimizeLevel;
use crate::resolve::{Invalidation, Layout, PycNames};
use crate::toolchain::PythonVersion;

/// Bazel's name for what such an action does.
pub const MNEMONIC: &str = "PyCompile";

/// What every precompiler finds in its environment, before the toolchain's own.
pub const ENVIRONMENT: [(&str, &str); 3] =
    [("PYTHONHASHSEED", "0"), ("PYTHONNOUSERSITE", "1"), ("PYTHONSAFEPATH", "1")];

/// One of a plan's actions; ordered by configuration and path of the pyc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionId(pub(crate) u32);

/// One of a plan's source files; ordered by label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) u32);

/// What a pyc's bytes depend on, and where it goes. Equal ones are one action.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ActionKey {
    pub(crate) configuration: ConfigurationId,
    pub(crate) pyc: Label,
    pub(crate) level: OptimizeLevel,
    pub(crate) invalidation: Invalidation,
    pub(crate) python_version: PythonVersion,
    pub(crate) source: FileId,
}

/// Compiles one source to one pyc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    key: ActionKey,
    variant: u32,
    terms: Terms,
    runfiles_path: String,
}

/// How an action is run, as far as its target says; does not tell actions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) on_error: OnPrecompileError,
    pub(crate) toolchain: ToolchainId,
}

impl Action {
    /// The only file it reads.
    pub fn source(&self) -> FileId {
        self.key.source
    }

    /// The only file it writes, as if it were a file of the source's package.
    pub fn pyc(&self) -> &Label {
        &self.key.pyc
    }

    /// The configuration whose outputs the pyc is among.
    pub fn configuration(&self) -> ConfigurationId {
        self.key.configuration
    }

    /// 0 for nearly every action. Actions that would write the same path of the same configuration, but different
    /// bytes, have different numbers, and need a place of their own each.
    pub fn variant(&self) -> u32 {
        self.variant
    }

    /// `--optimize`
    pub fn level(&self) -> OptimizeLevel {
        self.key.level
    }

    /// `--invalidation_mode`
    pub fn invalidation(&self) -> Invalidation {
        self.key.invalidation
    }

    /// `--python_version`
    pub fn python_version(&self) -> PythonVersion {
        self.key.python_version
    }

    /// What to do where the source is rejected; never `auto`.
    pub fn on_error(&self) -> OnPrecompileError {
        self.terms.on_error
    }

    /// The toolchain whose precompiler runs it: that of the first target, by label, that declares it.
    pub fn toolchain(&self) -> ToolchainId {
        self.terms.toolchain
    }

    /// Where the pyc is in a tree of runfiles.
    pub fn runfiles_path(&self) -> &str {
        &self.runfiles_path
    }

    /// The command line (docs/precompiling.md §7), one line of the parameter file each.
    ///
    /// `source` is the file that [`Action::source`] names; both paths are those of the files where the action runs.
    pub fn arguments(&self, source: &SourceFile, source_path: &str, pyc_path: &str) -> Vec<String> {
        let arguments: [(&str, String); 6] = [
            ("--invalidation_mode", self.key.invalidation.to_string()),
            ("--src", source_path.to_owned()),
            ("--src_name", source.label.short_path()),
            ("--pyc", pyc_path.to_owned()),
            ("--optimize", self.key.level.to_string()),
            ("--python_version", self.key.python_version.to_string()),
        ];
        arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// Whether both pycs hold the same wherever they lie, given the same source.
    pub(crate) fn makes_the_same_as(&self, other: &Action) -> bool {
        ActionKey { configuration: self.key.configuration, ..other.key.clone() } == self.key
    }
}

/// The actions that made no pyc because the source was rejected, and that need not fail the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedActions(FxHashSet<ActionId>);

impl FailedActions {
    /// Nothing failed: what holds before anything is run.
    pub fn none() -> FailedActions {
        FailedActions(FxHashSet::default())
    }

    /// Those.
    pub fn of(actions: impl IntoIterator<Item = ActionId>) -> FailedActions {
        FailedActions(actions.into_iter().collect())
    }

    /// Whether that action is among them.
    pub fn contains(&self, action: ActionId) -> bool {
        self.0.contains(&action)
    }
}

/// The pyc of a source: `sub/mod.v1.py` to `sub/__pycache__/mod.v1.TAG.pyc` or `sub/mod.v1.pyc`.
pub(crate) fn pyc_label(
    source: &Label,
    layout: Layout,
    tag: &str,
    level: OptimizeLevel,
    names: PycNames,
) -> Label {
    let name = source.name();
    let (folder, basename) = name.split_at(name.len() - source.basename().len());
    let stem = basename.rsplit_once('.').map_or(basename, |(stem, _)| stem);
    let optimization = match (names, level) {
        (PycNames::Plain, _) | (PycNames::ByLevel, OptimizeLevel::Zero) => String::new(),
        (PycNames::ByLevel, level) => format!(".opt-{level}"),
    };
    source.with_name(&match layout {
        Layout::Cache => format!("{folder}__pycache__/{stem}.{tag}{optimization}.pyc"),
        Layout::Legacy => format!("{folder}{stem}.pyc"),
    })
}

/// Gathers actions while targets are planned, each once.
pub(crate) struct ActionTable {
    ids: FxHashMap<ActionKey, ActionId>,
    actions: Vec<(ActionKey, Terms)>,
}

impl ActionTable {
    pub(crate) fn new() -> ActionTable {
        ActionTable { ids: FxHashMap::default(), actions: Vec::new() }
    }

    /// The number of that action for now; [`ActionTable::finish`] gives it its place.
    pub(crate) fn intern(&mut self, key: ActionKey, terms: Terms) -> ActionId {
        let next = ActionId(u32::try_from(self.actions.len()).expect("at most 2^32 actions"));
        *self.ids.entry(key).or_insert_with_key(|key| {
            self.actions.push((key.clone(), terms));
            next
        })
    }

    /// The actions in their order, and for each number so far the one that it has now.
    pub(crate) fn finish(self) -> (Vec<Action>, Vec<ActionId>) {
        let mut order: Vec<usize> = (0..self.actions.len()).collect();
        order.sort_by(|&left, &right| self.actions[left].0.cmp(&self.actions[right].0));
        let mut renumbered = vec![ActionId(0); order.len()];
        let mut actions: Vec<Action> = Vec::with_capacity(order.len());
        for (place, &old) in order.iter().enumerate() {
            renumbered[old] = ActionId(u32::try_from(place).expect("as many as before"));
            let (key, terms) = &self.actions[old];
            let variant = match actions.last() {
                Some(last) if last.key.pyc == key.pyc && last.key.configuration == key.configuration => {
                    last.variant + 1
                }
                _ => 0,
            };
            let runfiles_path = key.pyc.runfiles_path();
            actions.push(Action { key: key.clone(), variant, terms: *terms, runfiles_path });
        }
        (actions, renumbered)
    }
}
