//! What precompiling a build comes to: targets, flags and attributes in; actions, outputs and runfiles out.
//!
//! The rules are those of rules_python, written down in `docs/precompiling.md` (R1 to R8, §2 to §6); where this goes
//! beyond them or does otherwise, `DESIGN.md` says so. It is pure: it reads no file, knows no Starlark, starts nothing.
//!
//! * Whoever has loaded BUILD files makes a [`Graph`] and hands it to [`Plan::new`].
//! * [`Plan::request`] says which actions to run for the targets someone asked for, and what to warn about.
//! * [`Plan::default_outputs`], [`Plan::runfiles`], [`Plan::main`] and [`Plan::providers`] say what goes where, before
//!   the actions are run ([`FailedActions::none`]) or after.
//! * Every decision is a [`Decided`] value: it carries the rule that decided and what gave the value.
//!
//! ```
//! use prepyc_plan::{FailedActions, Flags, Given, Graph, Plan};
//!
//! let mut flags = Flags::unset();
//! flags.set("precompile", "enabled", Given::CommandLine)?;
//! let mut graph = Graph::new();
//! graph.add_configuration(flags);
//! let plan = Plan::new(graph).expect("there is nothing wrong with an empty graph");
//! assert_eq!(plan.actions().count(), 0);
//! # Ok::<(), prepyc_plan::SettingError>(())
//! ```

mod action;
mod attribute;
mod decision;
mod error;
mod flag;
mod graph;
mod label;
mod level;
mod main_file;
mod order;
mod plan;
mod request;
mod resolve;
mod runfiles;
mod setting;
mod source;
mod toolchain;

pub use action::{Action, ActionId, ENVIRONMENT, FailedActions, FileId, MNEMONIC};
pub use attribute::{
    Attributes, InvalidationAttribute, PrecompileAttribute, PycCollectionAttribute, SourceRetentionAttribute,
};
pub use decision::{AttributeValue, Decided, Fact, FlagValue, Origin, Reason, Rule};
pub use error::PlanError;
pub use flag::{
    AddSrcsToRunfilesFlag, CompilationMode, ExecToolsToolchainFlag, ExecutionRequirements, Flag, Flags,
    Given, OnPrecompileError, PrecompileFlag, PycOnlyFlag, SourceRetentionFlag,
};
pub use graph::{
    ConfigurationId, ConfiguredLabel, Executable, FileOrigin, Graph, Kind, Main, SourceFile, Target,
    ToolchainId,
};
pub use label::{BadLabel, Label, MAIN_REPOSITORY};
pub use level::{OptimizeAttribute, OptimizeLevel, OptimizeLevels, OptimizeLevelsFlag};
pub use main_file::MainFile;
pub use order::TargetId;
pub use plan::{Artifact, Plan, TargetPlan};
pub use request::{Request, SourceName, Warning};
pub use resolve::{
    AddSources, Collection, Generation, Invalidation, Layout, PycNames, Requirement, Retention, Settings,
};
pub use runfiles::{Collision, Providers, Runfiles};
pub use setting::SettingError;
pub use source::{Compilation, SourceFate, SourcePlan};
pub use toolchain::{Precompiler, PythonVersion, Runtime, Toolchain};
