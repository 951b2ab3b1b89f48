//! What goes where: default outputs, runfiles, providers (docs/precompiling.md §5 and §6).
//!
//! Bazel keeps depsets; here the graph itself is the depset. Nothing is flattened before it is asked for, and asking
//! walks each target at most once for each [`View`] of it, without recursion.

use rustc_hash::FxHashSet;

use crate::action::{ActionId, FailedActions, FileId};
use crate::graph::{ConfigurationId, Kind};
use crate::order::TargetId;
use crate::plan::{Artifact, Plan, TargetPlan};
use crate::resolve::{AddSources, Collection, Requirement};
use crate::source::{SourceFate, SourcePlan};

/// What someone wants of a target and of all that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// Its own default outputs, and nothing of its dependencies.
    Outputs,
    /// Its default runfiles.
    Runfiles,
    /// What its provider has for a binary that collects pycs.
    Collected,
    /// What its provider has for a binary that does not.
    Uncollected,
    /// What its provider has for someone who knows of no pycs.
    Sources,
    /// What its provider has for a package such as a wheel.
    Package,
}

/// The pycs of a source that a view takes, and whether it takes the source.
pub(crate) struct Taken<'a> {
    pub(crate) source: bool,
    pub(crate) pycs: &'a [ActionId],
}

/// A binary's or library's default runfiles, without data and without the interpreter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runfiles {
    /// One for each path, sorted by path.
    pub artifacts: Vec<Artifact>,
    /// Those that had to give way.
    pub collisions: Vec<Collision>,
}

/// Two different things for one path of a tree of runfiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collision {
    /// What is there: the binary's own, else that of its own configuration, else the first in the order of actions.
    pub kept: Artifact,
    /// What is not.
    pub dropped: Artifact,
}

/// `PyInfo`, as lists. Those of whole closures have dependencies before what depends on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Providers {
    /// `direct_original_sources`
    pub direct_original_sources: Vec<FileId>,
    /// `transitive_original_sources`
    pub transitive_original_sources: Vec<FileId>,
    /// `direct_pyc_files`: the required ones
    pub direct_pyc_files: Vec<ActionId>,
    /// `transitive_pyc_files`
    pub transitive_pyc_files: Vec<ActionId>,
    /// `transitive_implicit_pyc_files`
    pub transitive_implicit_pyc_files: Vec<ActionId>,
    /// `transitive_implicit_pyc_source_files`
    pub transitive_implicit_pyc_source_files: Vec<FileId>,
    /// `transitive_sources`: the kept ones
    pub transitive_sources: Vec<FileId>,
}

impl TargetPlan {
    /// What of one source a view of this target takes.
    pub(crate) fn take<'a>(&self, source: &'a SourcePlan, view: View, failed: &FailedActions) -> Taken<'a> {
        let (fate, pycs) = source.outcome(failed);
        let kept = fate == SourceFate::Kept;
        let required = if self.settings.requirement.value == Requirement::Required { pycs } else { &[] };
        let collecting = self.settings.collection.map(|decided| decided.value);
        match (view, collecting) {
            (View::Runfiles, None) => Taken {
                source: match self.kind {
                    Kind::Library => kept && self.settings.add_sources.value == AddSources::Yes,
                    Kind::BuiltinLibrary => true,
                    Kind::Files | Kind::Binary(_) | Kind::Test(_) => false,
                },
                pycs: &[],
            },
            (View::Collected, _) | (View::Runfiles, Some(Collection::On)) => Taken { source: kept, pycs },
            (View::Uncollected, _) | (View::Runfiles, Some(Collection::Off)) => {
                Taken { source: true, pycs: required }
            }
            (View::Outputs, _) => Taken { source: kept, pycs: required },
            (View::Sources, _) => Taken { source: true, pycs: &[] },
            (View::Package, _) => Taken { source: kept || required.is_empty(), pycs: required },
        }
    }
}

impl Plan {
    /// Walks from targets to all that their views reach, each view of a target once.
    pub(crate) fn walk(
        &self,
        seen: &mut FxHashSet<(TargetId, View)>,
        start: (TargetId, View),
        mut visit: impl FnMut(TargetId, View),
    ) {
        let mut waiting = vec![start];
        while let Some((id, view)) = waiting.pop() {
            if !seen.insert((id, view)) {
                continue;
            }
            visit(id, view);
            let plan = self.target(id);
            let deps = &plan.edges.deps;
            match (view, plan.settings.collection) {
                (View::Outputs, _) => {}
                (View::Runfiles, None) => waiting.extend(deps.iter().map(|dep| (*dep, View::Runfiles))),
                (View::Runfiles, Some(collection)) => {
                    let inner = match collection.value {
                        Collection::On => View::Collected,
                        Collection::Off => View::Uncollected,
                    };
                    for dep in deps.iter().chain(&plan.edges.extra_deps) {
                        waiting.push((*dep, View::Runfiles));
                        if self.target(*dep).kind != Kind::Files {
                            waiting.push((*dep, inner));
                        }
                    }
                }
                (View::Collected | View::Uncollected | View::Sources | View::Package, _) => {
                    let inner = if plan.kind == Kind::BuiltinLibrary { View::Sources } else { view };
                    waiting.extend(deps.iter().map(|dep| (*dep, inner)));
                }
            }
        }
    }

    /// What building the target by itself leaves behind: an executable first, then sources, then pycs.
    pub fn default_outputs(&self, id: TargetId, failed: &FailedActions) -> Vec<Artifact> {
        let plan = self.target(id);
        let mut sources = Vec::new();
        let mut pycs = Vec::new();
        for source in &plan.sources {
            let taken = plan.take(source, View::Outputs, failed);
            sources.extend(taken.source.then_some(Artifact::Source(source.file)));
            pycs.extend(taken.pycs.iter().map(|action| Artifact::Pyc(*action)));
        }
        let executable = plan.kind.executable().map(|_| Artifact::Executable(id));
        executable.into_iter().chain(sources).chain(pycs).collect()
    }

    /// The target's default runfiles.
    pub fn runfiles(&self, id: TargetId, failed: &FailedActions) -> Runfiles {
        let mut found = Vec::new();
        self.walk(&mut FxHashSet::default(), (id, View::Runfiles), |reached, view| {
            self.add_artifacts(reached, view, failed, &mut |artifact| {
                let configuration = self.configuration_of(artifact);
                found.push(Found { artifact, nearness: nearness(self, (id, reached), configuration) });
            });
        });
        self.settle(found)
    }

    /// What a package (a wheel) of those targets holds: their runfiles, and whatever their provider requires.
    pub fn package_files(&self, ids: &[TargetId], failed: &FailedActions) -> Runfiles {
        let mut found = Vec::new();
        let mut seen = FxHashSet::default();
        let mut ids = ids.to_vec();
        ids.sort();
        for id in ids {
            for view in [View::Runfiles, View::Package] {
                self.walk(&mut seen, (id, view), |reached, view| {
                    self.add_artifacts(reached, view, failed, &mut |artifact| {
                        let configuration = self.configuration_of(artifact);
                        found
                            .push(Found { artifact, nearness: nearness(self, (id, reached), configuration) });
                    });
                });
            }
        }
        self.settle(found)
    }

    fn add_artifacts(
        &self,
        id: TargetId,
        view: View,
        failed: &FailedActions,
        add: &mut impl FnMut(Artifact),
    ) {
        let plan = self.target(id);
        if view == View::Runfiles && plan.kind.executable().is_some() {
            add(Artifact::Executable(id));
        }
        for source in &plan.sources {
            let taken = plan.take(source, view, failed);
            if taken.source {
                add(Artifact::Source(source.file));
            }
            for action in taken.pycs {
                add(Artifact::Pyc(*action));
            }
        }
    }

    /// One artifact for each path.
    fn settle(&self, mut found: Vec<Found>) -> Runfiles {
        found.sort_by(|left, right| {
            let paths = self.runfiles_path(left.artifact).cmp(self.runfiles_path(right.artifact));
            paths.then_with(|| (left.nearness, left.artifact).cmp(&(right.nearness, right.artifact)))
        });
        let mut runfiles = Runfiles { artifacts: Vec::with_capacity(found.len()), collisions: Vec::new() };
        for Found { artifact, .. } in found {
            match runfiles.artifacts.last() {
                Some(&kept) if self.runfiles_path(kept) == self.runfiles_path(artifact) => {
                    if !self.are_the_same(kept, artifact) {
                        runfiles.collisions.push(Collision { kept, dropped: artifact });
                    }
                }
                _ => runfiles.artifacts.push(artifact),
            }
        }
        runfiles.collisions.dedup();
        runfiles
    }

    fn are_the_same(&self, left: Artifact, right: Artifact) -> bool {
        match (left, right) {
            (Artifact::Pyc(left), Artifact::Pyc(right)) => {
                left == right || self.action(left).makes_the_same_as(self.action(right))
            }
            _ => left == right,
        }
    }

    /// The target's `PyInfo`.
    pub fn providers(&self, id: TargetId, failed: &FailedActions) -> Providers {
        let mut providers = Providers {
            direct_original_sources: Vec::new(),
            transitive_original_sources: Vec::new(),
            direct_pyc_files: Vec::new(),
            transitive_pyc_files: Vec::new(),
            transitive_implicit_pyc_files: Vec::new(),
            transitive_implicit_pyc_source_files: Vec::new(),
            transitive_sources: Vec::new(),
        };
        for (reached, view) in self.dependencies_first(id) {
            providers.merge(self.target(reached), view, failed);
        }
        let plan = self.target(id);
        for source in &plan.sources {
            providers.direct_original_sources.push(source.file);
            providers.direct_pyc_files.extend(plan.take(source, View::Outputs, failed).pycs);
        }
        providers.remove_repeated();
        providers
    }

    /// The target and all that its provider merges, each after its dependencies. Behind a provider that knows of no
    /// pycs there are but [`View::Sources`], elsewhere all there is ([`View::Collected`]).
    fn dependencies_first(&self, id: TargetId) -> Vec<(TargetId, View)> {
        let mut seen = FxHashSet::default();
        let mut order = Vec::new();
        let mut path = vec![(id, View::Collected, 0)];
        seen.insert((id, View::Collected));
        while let Some((id, view, walked)) = path.last_mut() {
            let plan = self.target(*id);
            let Some(&next) = plan.edges.deps.get(*walked) else {
                order.push((*id, *view));
                path.pop();
                continue;
            };
            *walked += 1;
            let inner = if plan.kind == Kind::BuiltinLibrary { View::Sources } else { *view };
            if seen.insert((next, inner)) {
                path.push((next, inner, 0));
            }
        }
        order
    }
}

impl Providers {
    fn merge(&mut self, plan: &TargetPlan, view: View, failed: &FailedActions) {
        let knows_pycs = view == View::Collected && plan.kind.is_compiled();
        for source in &plan.sources {
            if !knows_pycs {
                self.transitive_sources.push(source.file);
                continue;
            }
            let (fate, pycs) = source.outcome(failed);
            self.transitive_original_sources.push(source.file);
            self.transitive_implicit_pyc_source_files.push(source.file);
            if fate == SourceFate::Kept {
                self.transitive_sources.push(source.file);
            }
            match plan.settings.requirement.value {
                Requirement::Required => self.transitive_pyc_files.extend(pycs),
                Requirement::Implicit => self.transitive_implicit_pyc_files.extend(pycs),
            }
        }
    }

    /// Keeps the first of each: a source may be several targets'.
    fn remove_repeated(&mut self) {
        for files in [
            &mut self.transitive_original_sources,
            &mut self.transitive_implicit_pyc_source_files,
            &mut self.transitive_sources,
        ] {
            let mut seen = FxHashSet::default();
            files.retain(|file| seen.insert(*file));
        }
        for pycs in [&mut self.transitive_pyc_files, &mut self.transitive_implicit_pyc_files] {
            let mut seen = FxHashSet::default();
            pycs.retain(|pyc| seen.insert(*pyc));
        }
    }
}

/// Something on its way into a tree of runfiles.
struct Found {
    artifact: Artifact,
    nearness: Nearness,
}

/// Who wins where two want one path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Own,
    OwnConfiguration,
    Elsewhere,
}

fn nearness(
    plan: &Plan,
    (start, reached): (TargetId, TargetId),
    configuration: Option<ConfigurationId>,
) -> Nearness {
    if start == reached {
        Nearness::Own
    } else if configuration.is_none_or(|it| it == plan.target(start).configuration()) {
        Nearness::OwnConfiguration
    } else {
        Nearness::Elsewhere
    }
}
