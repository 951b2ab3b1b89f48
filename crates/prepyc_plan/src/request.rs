//! What a build has to do for the targets that someone asked for, and what it should warn about.
//!
//! As under Bazel, an action runs only if something takes its pyc; so a warning is given only where a pyc would have
//! been taken.

use std::collections::BTreeSet;
use std::fmt;

use rustc_hash::FxHashSet;

use crate::action::{ActionId, FailedActions, FileId};
use crate::decision::{Decided, Fact, FlagValue, Origin};
use crate::graph::{ConfiguredLabel, SourceFile};
use crate::level::OptimizeLevels;
use crate::order::TargetId;
use crate::plan::{Artifact, Plan, TargetPlan};
use crate::resolve::{Collection, Generation, Requirement};
use crate::runfiles::{Collision, View};
use crate::source::{Compilation, SourceFate, SourcePlan};

/// What building some targets comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The actions whose pycs end up in default outputs or in runfiles of binaries and tests, in order.
    pub actions: Vec<ActionId>,
    /// What the user should know, in order, each once.
    pub warnings: Vec<Warning>,
}

/// Something that is not as the user may think. Not an error: the program runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Pycs of a target are wanted, but nothing can make them.
    NoPrecompiler {
        /// The target.
        target: ConfiguredLabel,
        /// What is missing.
        because: String,
    },
    /// A pyc is wanted, but the source has to do.
    FallsBackToSource {
        /// The target whose source it is.
        target: ConfiguredLabel,
        /// The source.
        source: SourceName,
        /// Why.
        fact: Fact,
    },
    /// A pyc ships where its source would be, and the source as well: the pyc is never read.
    ShadowedPyc {
        /// The library whose pycs they are.
        target: ConfiguredLabel,
        /// The target asked for that takes both.
        reached_from: ConfiguredLabel,
    },
    /// Several levels are asked for, but sources are omitted: one name takes one level.
    OneLevelOfSeveral {
        /// The target.
        target: ConfiguredLabel,
        /// The level it gets.
        level: OptimizeLevels,
    },
    /// A source was rejected and ships instead of its pyc.
    Rejected {
        /// A target whose source it is.
        target: ConfiguredLabel,
        /// The source.
        source: SourceName,
    },
}

/// A source in a warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceName(pub SourceFile);

impl Plan {
    /// What has to be done for those targets: for libraries their default outputs, for binaries and tests their
    /// runfiles as well.
    pub fn request(&self, wanted: &[TargetId]) -> Request {
        let none = FailedActions::none();
        let mut request = Gathering { actions: BTreeSet::new(), warnings: BTreeSet::new() };
        self.walk_request(wanted, |id, view, reached_from| {
            self.gather(id, view, reached_from, &none, &mut request);
        });
        Request {
            actions: request.actions.into_iter().collect(),
            warnings: request.warnings.into_iter().collect(),
        }
    }

    /// Who of the targets asked for is touched by rejected sources: one warning for each target and source.
    pub fn rejections(&self, wanted: &[TargetId], failed: &FailedActions) -> Vec<Warning> {
        let mut warnings = BTreeSet::new();
        self.walk_request(wanted, |id, _, _| {
            let plan = self.target(id);
            for source in plan.sources.iter().filter(|source| source.has_failed(failed)) {
                let source = self.source_name(source.file);
                warnings.insert(Warning::Rejected { target: plan.label.clone(), source });
            }
        });
        warnings.into_iter().collect()
    }

    fn walk_request(&self, wanted: &[TargetId], mut visit: impl FnMut(TargetId, View, TargetId)) {
        let mut wanted = wanted.to_vec();
        wanted.sort();
        wanted.dedup();
        let mut seen = FxHashSet::default();
        for &start in &wanted {
            self.walk(&mut seen, (start, View::Outputs), |id, view| visit(id, view, start));
            if self.target(start).kind.executable().is_some() {
                self.walk(&mut seen, (start, View::Runfiles), |id, view| visit(id, view, start));
            }
        }
    }

    /// Adds what one view of one target comes to.
    fn gather(
        &self,
        id: TargetId,
        view: View,
        reached_from: TargetId,
        none: &FailedActions,
        into: &mut Gathering,
    ) {
        let plan = self.target(id);
        if !plan.wants_pycs(view) {
            return;
        }
        let label = || plan.label.clone();
        if plan.settings.generation.value == Generation::No {
            if let Some(because) = missing_precompiler(&plan.settings.generation)
                && !plan.sources.is_empty()
            {
                into.warnings.insert(Warning::NoPrecompiler { target: label(), because });
            }
            return;
        }
        for source in &plan.sources {
            if let (Compilation::NotCompiled, Origin::Fact(fact)) =
                (source.compilation.value, source.compilation.reason.origin)
            {
                let source = self.source_name(source.file);
                into.warnings.insert(Warning::FallsBackToSource { target: label(), source, fact });
                continue;
            }
            let taken = plan.take(source, view, none);
            into.actions.extend(taken.pycs);
            if plan.is_shadowed(source, view) {
                let reached_from = self.target(reached_from).label.clone();
                into.warnings.insert(Warning::ShadowedPyc { target: label(), reached_from });
            }
            if plan.settings.levels.reason.origin == Origin::Fact(Fact::OneNameForAllLevels) {
                let level = plan.settings.levels.value;
                into.warnings.insert(Warning::OneLevelOfSeveral { target: label(), level });
            }
        }
    }

    fn source_name(&self, file: FileId) -> SourceName {
        SourceName(self.file(file).clone())
    }

    /// What to tell the user about two things that want one place.
    pub fn describe_collision(&self, collision: &Collision) -> String {
        let path = self.runfiles_path(collision.kept);
        let [kept, dropped] = [collision.kept, collision.dropped].map(|artifact| self.describe(artifact));
        format!("{path} is {kept}, not {dropped}")
    }

    /// What something is, for messages: its label, and how a pyc is made.
    pub fn describe(&self, artifact: Artifact) -> String {
        match artifact {
            Artifact::Executable(target) => self.target(target).label.to_string(),
            Artifact::Source(file) => self.file(file).label.to_string(),
            Artifact::Pyc(action) => {
                let action = self.action(action);
                format!("{} (level {}, {})", action.pyc(), action.level(), action.invalidation())
            }
        }
    }
}

impl TargetPlan {
    /// Whether a view takes pycs of this target, where it has any.
    fn wants_pycs(&self, view: View) -> bool {
        if !self.kind.is_compiled() {
            return false;
        }
        let required = self.settings.requirement.value == Requirement::Required;
        match view {
            View::Outputs | View::Uncollected | View::Package => required,
            View::Collected => true,
            View::Sources => false,
            View::Runfiles => match self.settings.collection.map(|decided| decided.value) {
                Some(Collection::On) => true,
                Some(Collection::Off) => required,
                None => false,
            },
        }
    }

    /// Whether a view takes both a pyc in the legacy layout and its source.
    fn is_shadowed(&self, source: &SourcePlan, view: View) -> bool {
        let taken = self.take(source, view, &FailedActions::none());
        taken.source && !taken.pycs.is_empty() && source.fate.value == SourceFate::Omitted
    }
}

struct Gathering {
    actions: BTreeSet<ActionId>,
    warnings: BTreeSet<Warning>,
}

/// What is missing where a target cannot be compiled although nobody said that it should not.
fn missing_precompiler(generation: &Decided<Generation>) -> Option<String> {
    match generation.reason.origin {
        Origin::Fact(Fact::NoExecToolsToolchain | Fact::NoPrecompiler)
        | Origin::Flag(FlagValue::ExecToolsToolchain(_), _) => Some(generation.reason.origin.to_string()),
        _ => None,
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.label.fmt(f)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::NoPrecompiler { target, because } => {
                write!(f, "{target}: sources are not compiled: {because}")
            }
            Warning::FallsBackToSource { target, source, fact } => {
                write!(f, "{target}: {source} is not compiled, the source ships: {fact}")
            }
            Warning::ShadowedPyc { target, reached_from } => write!(
                f,
                "{target}: {reached_from} does not collect pycs and ships its sources beside its pycs, which are \
                 never read then"
            ),
            Warning::OneLevelOfSeveral { target, level } => write!(
                f,
                "{target}: compiled at level {level} alone: sources are omitted, and a pyc in a source's place has \
                 one name for all levels"
            ),
            Warning::Rejected { target, source } => {
                write!(f, "{target}: {source} does not compile, the source ships")
            }
        }
    }
}
