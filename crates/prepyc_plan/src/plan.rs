//! The plan: every decision about every target of a graph, and the actions that follow.
//!
//! Making it takes one look at each target. What depends on a whole closure (runfiles, providers, what has to be
//! built) is asked for afterwards, target by target: `runfiles.rs`, `request.rs`.

use rustc_hash::FxHashMap;

use crate::action::{Action, ActionId, ActionTable, FailedActions, FileId};
use crate::decision::Decided;
use crate::error::PlanError;
use crate::graph::{ConfigurationId, ConfiguredLabel, FileOrigin, Graph, Kind, SourceFile, Target};
use crate::label::Label;
use crate::main_file::{self, Entry, MainFile};
use crate::order::{Edges, TargetId, arrange};
use crate::resolve::Settings;
use crate::source::{SourcePlan, SourcePlanner};

/// What is decided about one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPlan {
    pub(crate) label: ConfiguredLabel,
    pub(crate) kind: Kind,
    pub(crate) settings: Settings,
    pub(crate) sources: Vec<SourcePlan>,
    pub(crate) edges: Edges,
    pub(crate) entry: Option<Entry>,
    runfiles_path: String,
}

impl TargetPlan {
    /// The target.
    pub fn label(&self) -> &Label {
        &self.label.label
    }

    /// The configuration it is built in.
    pub fn configuration(&self) -> ConfigurationId {
        self.label.configuration
    }

    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The decisions about it as a whole.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The decisions about each of its `.py` sources, by label.
    pub fn sources(&self) -> &[SourcePlan] {
        &self.sources
    }

    /// Its `deps`, in the order of the BUILD file.
    pub fn deps(&self) -> &[TargetId] {
        &self.edges.deps
    }
}

/// Something that a build leaves behind, or that was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Artifact {
    /// What starts a binary or test.
    Executable(TargetId),
    /// A source.
    Source(FileId),
    /// What an action makes.
    Pyc(ActionId),
}

/// Every decision about a graph. Equal for equal graphs, in whatever order their targets and sources were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub(crate) targets: Vec<TargetPlan>,
    files: Vec<SourceFile>,
    file_paths: Vec<String>,
    actions: Vec<Action>,
}

impl Plan {
    /// Decides everything.
    ///
    /// # Errors
    /// The flags and tags that cannot be; else what is missing or there twice, in the order of targets; else the
    /// first circle; else every main that cannot be found.
    pub fn new(graph: Graph) -> Result<Plan, Vec<PlanError>> {
        let mut errors: Vec<PlanError> = Vec::new();
        for flags in &graph.configurations {
            errors.extend(flags.check().err().map(PlanError::Flags));
        }
        for tag in graph.toolchains.iter().filter_map(|toolchain| toolchain.runtime.effective_tag()) {
            if tag.contains(['/', '\0']) {
                errors.push(PlanError::BadPycTag(tag.to_string()));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let Graph { configurations, toolchains, targets } = graph;
        let (targets, edges) = arrange(targets)?;
        let graph = Graph { configurations, toolchains, targets: Vec::new() };
        let (files, file_ids) = gather_files(&targets);
        let mut actions = ActionTable::new();
        let mut plans = Vec::with_capacity(targets.len());
        for (target, edges) in targets.into_iter().zip(edges) {
            match plan_target(&graph, target, edges, &files, &file_ids, &mut actions) {
                Ok(plan) => plans.push(plan),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let (actions, renumbered) = actions.finish();
        for source in plans.iter_mut().flat_map(|plan| &mut plan.sources) {
            for action in &mut source.actions {
                *action = renumbered[action.0 as usize];
            }
        }
        let file_paths = files.iter().map(|file| file.label.runfiles_path()).collect();
        Ok(Plan { targets: plans, files, file_paths, actions })
    }

    /// Every target, by label.
    pub fn targets(&self) -> impl Iterator<Item = TargetId> + use<> {
        (0..self.targets.len()).map(TargetId::of)
    }

    /// Where a target is in the plan.
    pub fn find(&self, label: &Label, configuration: ConfigurationId) -> Option<TargetId> {
        let found = self.targets.binary_search_by(|plan| {
            (&plan.label.label, plan.label.configuration).cmp(&(label, configuration))
        });
        found.ok().map(TargetId::of)
    }

    /// The decisions about a target.
    pub fn target(&self, id: TargetId) -> &TargetPlan {
        &self.targets[id.index()]
    }

    /// A source.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Every action that some target declares, whether or not anyone needs its pyc.
    pub fn actions(&self) -> impl Iterator<Item = (ActionId, &Action)> {
        (0..).map(ActionId).zip(&self.actions)
    }

    /// An action.
    pub fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.0 as usize]
    }

    /// Where something is in a tree of runfiles.
    pub fn runfiles_path(&self, artifact: Artifact) -> &str {
        match artifact {
            Artifact::Executable(target) => &self.target(target).runfiles_path,
            Artifact::Source(file) => &self.file_paths[file.0 as usize],
            Artifact::Pyc(action) => self.action(action).runfiles_path(),
        }
    }

    /// The configuration that something is an output of; `None` for what the workspace brings.
    pub fn configuration_of(&self, artifact: Artifact) -> Option<ConfigurationId> {
        match artifact {
            Artifact::Executable(target) => Some(self.target(target).configuration()),
            Artifact::Source(file) => match self.file(file).origin {
                FileOrigin::Workspace => None,
                FileOrigin::Generated(configuration) => Some(configuration),
            },
            Artifact::Pyc(action) => Some(self.action(action).configuration()),
        }
    }

    /// What a binary or test runs, once the failures are known; `None` for anything else.
    pub fn main(&self, id: TargetId, failed: &FailedActions) -> Option<Decided<MainFile>> {
        let plan = self.target(id);
        let collection = plan.settings.collection?.value;
        Some(main_file::decide(plan.entry.as_ref()?, &plan.sources, collection, failed))
    }

    /// The source that `main` names, whatever runs in its place: what a check of a test's main reads.
    pub fn main_source(&self, id: TargetId) -> Option<FileId> {
        let plan = self.target(id);
        match plan.entry.as_ref()? {
            Entry::Source(index) => Some(plan.sources[*index].file),
            Entry::Module(_) => None,
        }
    }
}

/// Every `.py` file of every target once, by label, and where each is.
fn gather_files(targets: &[Target]) -> (Vec<SourceFile>, FxHashMap<SourceFile, FileId>) {
    let sources = targets.iter().flat_map(python_sources);
    let mut files: Vec<SourceFile> = sources.cloned().collect();
    files.sort();
    files.dedup();
    let ids = files
        .iter()
        .enumerate()
        .map(|(index, file)| (file.clone(), FileId(u32::try_from(index).expect("at most 2^32 files"))));
    let ids = ids.collect();
    (files, ids)
}

/// The direct sources: what is called `*.py`, exactly.
fn python_sources(target: &Target) -> impl Iterator<Item = &SourceFile> {
    target
        .srcs
        .iter()
        .filter(|file| file.label.basename().rsplit_once('.').is_some_and(|(_, extension)| extension == "py"))
}

fn plan_target(
    graph: &Graph,
    target: Target,
    edges: Edges,
    files: &[SourceFile],
    file_ids: &FxHashMap<SourceFile, FileId>,
    actions: &mut ActionTable,
) -> Result<TargetPlan, PlanError> {
    let flags = graph.flags(target.configuration);
    let toolchain = graph.toolchain(target.toolchain);
    let settings = Settings::resolve(&target, flags, toolchain);
    let mut ids: Vec<FileId> = python_sources(&target).map(|file| file_ids[file]).collect();
    ids.sort();
    ids.dedup();
    let planner = SourcePlanner::new(&target, flags, &settings, &toolchain.runtime);
    let sources: Vec<SourcePlan> =
        ids.into_iter().map(|id| planner.plan(id, &files[id.0 as usize], actions)).collect();
    let entry = match target.kind.executable() {
        Some(executable) => Some(main_file::find(&target, &executable.main, &sources, files)?),
        None => None,
    };
    let runfiles_path = target.label.runfiles_path();
    Ok(TargetPlan {
        label: target.configured_label(),
        kind: target.kind,
        settings,
        sources,
        edges,
        entry,
        runfiles_path,
    })
}
