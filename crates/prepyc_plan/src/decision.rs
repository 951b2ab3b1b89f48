//! Decisions as values: what was decided, by which rule, and what gave the value. `prepyc explain` prints them.

use std::fmt;

use crate::attribute::{
    InvalidationAttribute, PrecompileAttribute, PycCollectionAttribute, SourceRetentionAttribute,
};
use crate::flag::{
    AddSrcsToRunfilesFlag, CompilationMode, ExecToolsToolchainFlag, Flag, Given, PrecompileFlag, PycOnlyFlag,
    SourceRetentionFlag,
};
use crate::level::{OptimizeAttribute, OptimizeLevelsFlag};

/// A value and why it is that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided<T> {
    /// What was decided.
    pub value: T,
    /// Why.
    pub reason: Reason,
}

impl<T> Decided<T> {
    pub(crate) fn by(rule: Rule, value: T, origin: Origin) -> Decided<T> {
        Decided { value, reason: Reason { rule, origin } }
    }
}

/// The rule that decided and what it went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub rule: Rule,
    /// What gave the value.
    pub origin: Origin,
}

/// The rules of docs/precompiling.md §4 and §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// R1: whether the target's sources are compiled.
    Generate,
    /// R2: whether sources stay beside their pycs.
    Retention,
    /// R3: where pycs lie.
    Layout,
    /// R4: whether that one source is compiled.
    Compile,
    /// R5: whether that one source is shipped.
    KeepSource,
    /// R6: how pycs are held against their sources.
    Invalidation,
    /// R7: whether a binary ships the pycs left to it.
    Collect,
    /// R8: whether consumers must ship the target's pycs.
    Classify,
    /// The attribute `precompile_optimize_level`, and the flag of the same concern.
    OptimizeLevel,
    /// `--add_srcs_to_runfiles`
    AddSources,
    /// §5: what a binary runs.
    Main,
}

/// What gave a decision its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(FlagValue, Given),
    /// An attribute of the target.
    Attribute(AttributeValue),
    /// Something that is so, whatever flags and attributes say.
    Fact(Fact),
    /// It follows from what another rule decided.
    Follows(Rule),
}

/// A flag with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagValue {
    /// `--precompile`
    Precompile(PrecompileFlag),
    /// `--precompile_source_retention`
    SourceRetention(SourceRetentionFlag),
    /// `--add_srcs_to_runfiles`
    AddSrcsToRunfiles(AddSrcsToRunfilesFlag),
    /// `--exec_tools_toolchain`
    ExecToolsToolchain(ExecToolsToolchainFlag),
    /// `--compilation_mode`
    CompilationMode(CompilationMode),
    /// `--pyc_only`
    PycOnly(PycOnlyFlag),
    /// `--precompile_optimize_levels`
    OptimizeLevels(OptimizeLevelsFlag),
}

/// An attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// `precompile`
    Precompile(PrecompileAttribute),
    /// `precompile_source_retention`
    SourceRetention(SourceRetentionAttribute),
    /// `precompile_invalidation_mode`
    Invalidation(InvalidationAttribute),
    /// `precompile_optimize_level`
    OptimizeLevel(OptimizeAttribute),
    /// `pyc_collection`
    PycCollection(PycCollectionAttribute),
    /// `main_module`, whatever it says
    MainModule,
}

/// Something that flags and attributes cannot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// No exec tools toolchain fits.
    NoExecToolsToolchain,
    /// The exec tools toolchain has no precompiler.
    NoPrecompiler,
    /// A source of another package: an output may not be declared there.
    ForeignPackage,
    /// The runtime has no tag to name a pyc in `__pycache__` by.
    NoPycTag,
    /// The runtime's version is not known, so there is nothing to compile for.
    NoPythonVersion,
    /// The target's provider knows of no pycs.
    BuiltinProvider,
    /// Its pyc could not be made, and `--on_precompile_error` says to go on.
    PrecompileError,
    /// A folder has one name for all levels outside of `__pycache__`.
    OneNameForAllLevels,
}

impl Origin {
    /// The flag with its value, from the configuration's flags.
    pub(crate) fn flag<T: Copy>(flag: &Flag<T>, value: fn(T) -> FlagValue) -> Origin {
        Origin::Flag(value(flag.value), flag.given)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.origin)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Generate => "R1 generate",
            Rule::Retention => "R2 retention",
            Rule::Layout => "R3 layout",
            Rule::Compile => "R4 compile",
            Rule::KeepSource => "R5 keep source",
            Rule::Invalidation => "R6 invalidation",
            Rule::Collect => "R7 collect",
            Rule::Classify => "R8 classify",
            Rule::OptimizeLevel => "optimize level",
            Rule::AddSources => "add sources to runfiles",
            Rule::Main => "main",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(value, given) => write!(f, "{value} ({given})"),
            Origin::Attribute(value) => value.fmt(f),
            Origin::Fact(fact) => fact.fmt(f),
            Origin::Follows(rule) => write!(f, "follows from {rule}"),
        }
    }
}

impl fmt::Display for FlagValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlagValue::Precompile(value) => write!(f, "--precompile={value}"),
            FlagValue::SourceRetention(value) => write!(f, "--precompile_source_retention={value}"),
            FlagValue::AddSrcsToRunfiles(value) => write!(f, "--add_srcs_to_runfiles={value}"),
            FlagValue::ExecToolsToolchain(value) => write!(f, "--exec_tools_toolchain={value}"),
            FlagValue::CompilationMode(value) => write!(f, "--compilation_mode={value}"),
            FlagValue::PycOnly(value) => write!(f, "--pyc_only={value}"),
            FlagValue::OptimizeLevels(value) => write!(f, "--precompile_optimize_levels={value}"),
        }
    }
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttributeValue::Precompile(value) => write!(f, "precompile = \"{value}\""),
            AttributeValue::SourceRetention(value) => write!(f, "precompile_source_retention = \"{value}\""),
            AttributeValue::Invalidation(value) => write!(f, "precompile_invalidation_mode = \"{value}\""),
            AttributeValue::OptimizeLevel(OptimizeAttribute::Inherit) => {
                f.write_str("precompile_optimize_level is not set")
            }
            AttributeValue::OptimizeLevel(value) => write!(f, "precompile_optimize_level = {value}"),
            AttributeValue::PycCollection(value) => write!(f, "pyc_collection = \"{value}\""),
            AttributeValue::MainModule => f.write_str("main_module is set"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fact::NoExecToolsToolchain => "there is no exec tools toolchain",
            Fact::NoPrecompiler => "the exec tools toolchain has no precompiler",
            Fact::ForeignPackage => "the source belongs to another package",
            Fact::NoPycTag => "the runtime has no pyc_tag, and its implementation and version are not known",
            Fact::NoPythonVersion => "the runtime's version is not known",
            Fact::BuiltinProvider => "the target is not one of rules_python's",
            Fact::PrecompileError => "it does not compile",
            Fact::OneNameForAllLevels => "beside a source there is one name for all levels",
        })
    }
}
