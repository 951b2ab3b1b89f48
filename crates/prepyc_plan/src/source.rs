//! Decisions about single sources: R4 and R5 of docs/precompiling.md §4.

use std::sync::Arc;

use crate::action::{ActionId, ActionKey, ActionTable, FailedActions, FileId, Terms, pyc_label};
use crate::decision::{Decided, Fact, Origin, Rule};
use crate::flag::{Flags, OnPrecompileError};
use crate::graph::{SourceFile, Target};
use crate::resolve::{Generation, Layout, Retention, Settings};
use crate::toolchain::{PythonVersion, Runtime};

/// Whether pycs are made of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compilation {
    /// One for each level.
    Compiled,
    /// None.
    NotCompiled,
}

/// Whether a source is among what its target requires consumers to ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceFate {
    /// It is.
    Kept,
    /// Its pyc takes its place.
    Omitted,
}

/// What becomes of one source of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlan {
    /// The source.
    pub file: FileId,
    /// R4
    pub compilation: Decided<Compilation>,
    /// R5
    pub fate: Decided<SourceFate>,
    /// Its pycs, by level; none where it is not compiled.
    pub actions: Vec<ActionId>,
}

impl SourcePlan {
    /// What ships once the failures are known: a source that was rejected at any level is as good as not compiled.
    pub(crate) fn outcome(&self, failed: &FailedActions) -> (SourceFate, &[ActionId]) {
        if self.has_failed(failed) { (SourceFate::Kept, &[]) } else { (self.fate.value, &self.actions) }
    }

    /// Whether a pyc of it was to be made and could not.
    pub(crate) fn has_failed(&self, failed: &FailedActions) -> bool {
        self.actions.iter().any(|action| failed.contains(*action))
    }
}

/// What all sources of a target have in common.
pub(crate) struct SourcePlanner<'a> {
    target: &'a Target,
    flags: &'a Flags,
    settings: &'a Settings,
    runtime: &'a Runtime,
    tag: Option<Arc<str>>,
}

impl<'a> SourcePlanner<'a> {
    pub(crate) fn new(
        target: &'a Target,
        flags: &'a Flags,
        settings: &'a Settings,
        runtime: &'a Runtime,
    ) -> SourcePlanner<'a> {
        SourcePlanner { target, flags, settings, runtime, tag: runtime.effective_tag() }
    }

    /// Decides about one source and declares its actions.
    pub(crate) fn plan(&self, id: FileId, file: &SourceFile, actions: &mut ActionTable) -> SourcePlan {
        let decided = |value, origin| Decided::by(Rule::Compile, value, origin);
        if self.settings.generation.value == Generation::No {
            let compilation = decided(Compilation::NotCompiled, Origin::Follows(Rule::Generate));
            return not_compiled(id, compilation, Rule::Generate);
        }
        match self.compilable(file) {
            Err(fact) => {
                let compilation = decided(Compilation::NotCompiled, Origin::Fact(fact));
                not_compiled(id, compilation, Rule::Compile)
            }
            Ok(python_version) => SourcePlan {
                file: id,
                compilation: decided(Compilation::Compiled, Origin::Follows(Rule::Generate)),
                fate: Decided::by(
                    Rule::KeepSource,
                    match self.settings.retention.value {
                        Retention::Keep => SourceFate::Kept,
                        Retention::Omit => SourceFate::Omitted,
                    },
                    Origin::Follows(Rule::Retention),
                ),
                actions: self.declare(id, file, python_version, actions),
            },
        }
    }

    /// R4: what keeps this source from being compiled, else the Python to compile it for.
    fn compilable(&self, file: &SourceFile) -> Result<PythonVersion, Fact> {
        if !file.label.shares_package_with(&self.target.label) {
            return Err(Fact::ForeignPackage);
        }
        if self.settings.layout.value == Layout::Cache && self.tag.is_none() {
            return Err(Fact::NoPycTag);
        }
        self.runtime.python_version.ok_or(Fact::NoPythonVersion)
    }

    fn declare(
        &self,
        id: FileId,
        file: &SourceFile,
        python_version: PythonVersion,
        actions: &mut ActionTable,
    ) -> Vec<ActionId> {
        let settings = self.settings;
        let on_error = match self.flags.on_precompile_error.value {
            OnPrecompileError::Auto => OnPrecompileError::Fail,
            given => given,
        };
        let terms = Terms { on_error, toolchain: self.target.toolchain };
        let tag = self.tag.as_deref().unwrap_or_default();
        let key = |level| ActionKey {
            configuration: self.target.configuration,
            pyc: pyc_label(&file.label, settings.layout.value, tag, level, settings.names),
            level,
            invalidation: settings.invalidation.value,
            python_version,
            source: id,
        };
        settings.levels.value.iter().map(|level| actions.intern(key(level), terms)).collect()
    }
}

fn not_compiled(file: FileId, compilation: Decided<Compilation>, because: Rule) -> SourcePlan {
    let fate = Decided::by(Rule::KeepSource, SourceFate::Kept, Origin::Follows(because));
    SourcePlan { file, compilation, fate, actions: Vec::new() }
}
