//! Flags, attributes and toolchains of one target to decisions: R1 to R3 and R6 to R8 of docs/precompiling.md §4.
//!
//! Each function is one rule. What concerns single sources (R4, R5) is in `source.rs`.

use std::fmt;

use crate::attribute::{
    InvalidationAttribute, PrecompileAttribute, PycCollectionAttribute, SourceRetentionAttribute,
};
use crate::decision::{AttributeValue, Decided, Fact, FlagValue, Origin, Rule};
use crate::flag::{
    AddSrcsToRunfilesFlag, CompilationMode, ExecToolsToolchainFlag, Flags, PrecompileFlag, PycOnlyFlag,
    SourceRetentionFlag,
};
use crate::graph::Target;
use crate::level::{OptimizeAttribute, OptimizeLevel, OptimizeLevels, OptimizeLevelsFlag};
use crate::toolchain::{Precompiler, Toolchain};

/// Whether a target's sources are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Each that can be.
    Yes,
    /// None.
    No,
}

/// Whether a source stays beside its pyc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retention {
    /// It stays.
    Keep,
    /// The pyc takes its place.
    Omit,
}

/// Where a pyc lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `__pycache__/STEM.TAG.pyc`
    Cache,
    /// `STEM.pyc`, where the source would be
    Legacy,
}

/// How a pyc is held against its source when it is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invalidation {
    /// The source's hash is compared.
    CheckedHash,
    /// Nothing is compared.
    UncheckedHash,
}

/// Whether a binary or test ships the pycs that libraries leave to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collection {
    /// It does.
    On,
    /// It ships their sources instead.
    Off,
}

/// Whether consumers must ship a target's pycs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// They must.
    Required,
    /// Binaries choose.
    Implicit,
}

/// What names of pycs in `__pycache__` say of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PycNames {
    /// Nothing, whatever the level: rules_python's way.
    Plain,
    /// What CPython looks for at that level: `.opt-1` or `.opt-2`, and nothing for 0.
    ByLevel,
}

/// Whether a library's own runfiles hold its kept sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddSources {
    /// They do.
    Yes,
    /// They do not.
    No,
}

/// Every decision about a target as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// R1
    pub generation: Decided<Generation>,
    /// R2; means nothing where nothing is generated
    pub retention: Decided<Retention>,
    /// R3
    pub layout: Decided<Layout>,
    /// R6
    pub invalidation: Decided<Invalidation>,
    /// R7, of binaries and tests
    pub collection: Option<Decided<Collection>>,
    /// R8
    pub requirement: Decided<Requirement>,
    /// Which levels are made.
    pub levels: Decided<OptimizeLevels>,
    /// Whether their names say so.
    pub names: PycNames,
    /// `--add_srcs_to_runfiles`
    pub add_sources: Decided<AddSources>,
}

impl Settings {
    /// Decides all of it.
    pub(crate) fn resolve(target: &Target, flags: &Flags, toolchain: &Toolchain) -> Settings {
        let generation = if target.kind.is_compiled() {
            generation(target.attributes.precompile, flags, toolchain.precompiler)
        } else {
            Decided::by(Rule::Generate, Generation::No, Origin::Fact(Fact::BuiltinProvider))
        };
        let retention = retention(target.attributes.precompile_source_retention, flags);
        let layout = layout(generation.value, retention.value);
        let executable = target.kind.executable();
        Settings {
            generation,
            retention,
            layout,
            invalidation: invalidation(target.attributes.precompile_invalidation_mode, flags),
            collection: executable.map(|executable| collection(executable.pyc_collection, flags)),
            requirement: match executable {
                Some(_) => requirement_of_executable(target.attributes.precompile),
                None => requirement_of_library(target.attributes.precompile, flags),
            },
            levels: levels(target.attributes.precompile_optimize_level, flags, layout.value),
            names: match flags.precompile_optimize_levels.value {
                OptimizeLevelsFlag::Auto => PycNames::Plain,
                OptimizeLevelsFlag::Levels(_) => PycNames::ByLevel,
            },
            add_sources: add_sources(flags),
        }
    }
}

/// R1. `--pyc_only` forces as `force_enabled` does.
pub(crate) fn generation(
    attribute: PrecompileAttribute,
    flags: &Flags,
    precompiler: Precompiler,
) -> Decided<Generation> {
    let decided = |value, origin| Decided::by(Rule::Generate, value, origin);
    match precompiler {
        Precompiler::NoToolchain => return decided(Generation::No, Origin::Fact(Fact::NoExecToolsToolchain)),
        Precompiler::Missing => return decided(Generation::No, Origin::Fact(Fact::NoPrecompiler)),
        Precompiler::Stock if flags.exec_tools_toolchain.value == ExecToolsToolchainFlag::Disabled => {
            let origin = Origin::flag(&flags.exec_tools_toolchain, FlagValue::ExecToolsToolchain);
            return decided(Generation::No, origin);
        }
        Precompiler::Stock | Precompiler::Registered => {}
    }
    if flags.pyc_only.value == PycOnlyFlag::Enabled {
        return decided(Generation::Yes, Origin::flag(&flags.pyc_only, FlagValue::PycOnly));
    }
    let by_flag = Origin::flag(&flags.precompile, FlagValue::Precompile);
    match flags.precompile.value {
        PrecompileFlag::ForceEnabled => return decided(Generation::Yes, by_flag),
        PrecompileFlag::ForceDisabled => return decided(Generation::No, by_flag),
        PrecompileFlag::Auto | PrecompileFlag::Enabled | PrecompileFlag::Disabled => {}
    }
    let value = match attribute {
        PrecompileAttribute::Disabled => Generation::No,
        PrecompileAttribute::Inherit | PrecompileAttribute::Enabled => Generation::Yes,
    };
    decided(value, Origin::Attribute(AttributeValue::Precompile(attribute)))
}

/// R2. Only `--pyc_only` overrides the attribute.
pub(crate) fn retention(attribute: SourceRetentionAttribute, flags: &Flags) -> Decided<Retention> {
    let decided = |value, origin| Decided::by(Rule::Retention, value, origin);
    if flags.pyc_only.value == PycOnlyFlag::Enabled {
        return decided(Retention::Omit, Origin::flag(&flags.pyc_only, FlagValue::PycOnly));
    }
    let by_attribute = Origin::Attribute(AttributeValue::SourceRetention(attribute));
    match attribute {
        SourceRetentionAttribute::KeepSource => decided(Retention::Keep, by_attribute),
        SourceRetentionAttribute::OmitSource => decided(Retention::Omit, by_attribute),
        SourceRetentionAttribute::Inherit => {
            let value = match flags.precompile_source_retention.value {
                SourceRetentionFlag::Auto | SourceRetentionFlag::KeepSource => Retention::Keep,
                SourceRetentionFlag::OmitSource => Retention::Omit,
            };
            decided(value, Origin::flag(&flags.precompile_source_retention, FlagValue::SourceRetention))
        }
    }
}

/// R3.
pub(crate) fn layout(generation: Generation, retention: Retention) -> Decided<Layout> {
    let (value, rule) = match (generation, retention) {
        (Generation::No, _) => (Layout::Cache, Rule::Generate),
        (Generation::Yes, Retention::Keep) => (Layout::Cache, Rule::Retention),
        (Generation::Yes, Retention::Omit) => (Layout::Legacy, Rule::Retention),
    };
    Decided::by(Rule::Layout, value, Origin::Follows(rule))
}

/// R6.
pub(crate) fn invalidation(attribute: InvalidationAttribute, flags: &Flags) -> Decided<Invalidation> {
    let by_attribute = Origin::Attribute(AttributeValue::Invalidation(attribute));
    let (value, origin) = match attribute {
        InvalidationAttribute::CheckedHash => (Invalidation::CheckedHash, by_attribute),
        InvalidationAttribute::UncheckedHash => (Invalidation::UncheckedHash, by_attribute),
        InvalidationAttribute::Auto => {
            let value = match flags.compilation_mode.value {
                CompilationMode::Opt => Invalidation::UncheckedHash,
                CompilationMode::Fastbuild | CompilationMode::Dbg => Invalidation::CheckedHash,
            };
            (value, Origin::flag(&flags.compilation_mode, FlagValue::CompilationMode))
        }
    };
    Decided::by(Rule::Invalidation, value, origin)
}

/// R7.
pub(crate) fn collection(attribute: PycCollectionAttribute, flags: &Flags) -> Decided<Collection> {
    let decided = |value, origin| Decided::by(Rule::Collect, value, origin);
    if flags.pyc_only.value == PycOnlyFlag::Enabled {
        return decided(Collection::On, Origin::flag(&flags.pyc_only, FlagValue::PycOnly));
    }
    let by_attribute = Origin::Attribute(AttributeValue::PycCollection(attribute));
    match attribute {
        PycCollectionAttribute::IncludePyc => decided(Collection::On, by_attribute),
        PycCollectionAttribute::Disabled => decided(Collection::Off, by_attribute),
        PycCollectionAttribute::Inherit => {
            let value = match flags.precompile.value {
                PrecompileFlag::Enabled | PrecompileFlag::ForceEnabled => Collection::On,
                PrecompileFlag::Auto | PrecompileFlag::Disabled | PrecompileFlag::ForceDisabled => {
                    Collection::Off
                }
            };
            decided(value, Origin::flag(&flags.precompile, FlagValue::Precompile))
        }
    }
}

/// R8 of libraries: forcing promotes.
fn requirement_of_library(attribute: PrecompileAttribute, flags: &Flags) -> Decided<Requirement> {
    let decided = |value, origin| Decided::by(Rule::Classify, value, origin);
    let by_attribute = Origin::Attribute(AttributeValue::Precompile(attribute));
    if attribute == PrecompileAttribute::Enabled {
        return decided(Requirement::Required, by_attribute);
    }
    if flags.precompile.value == PrecompileFlag::ForceEnabled {
        return decided(Requirement::Required, Origin::flag(&flags.precompile, FlagValue::Precompile));
    }
    if flags.pyc_only.value == PycOnlyFlag::Enabled {
        return decided(Requirement::Required, Origin::flag(&flags.pyc_only, FlagValue::PycOnly));
    }
    decided(Requirement::Implicit, by_attribute)
}

/// R8 of binaries and tests: forcing does not promote.
fn requirement_of_executable(attribute: PrecompileAttribute) -> Decided<Requirement> {
    let value = match attribute {
        PrecompileAttribute::Enabled => Requirement::Required,
        PrecompileAttribute::Inherit | PrecompileAttribute::Disabled => Requirement::Implicit,
    };
    Decided::by(Rule::Classify, value, Origin::Attribute(AttributeValue::Precompile(attribute)))
}

/// The attribute's level, else the flag's, else 0. Outside of `__pycache__` there is one name, hence one level.
fn levels(attribute: OptimizeAttribute, flags: &Flags, layout: Layout) -> Decided<OptimizeLevels> {
    let decided = |value, origin| Decided::by(Rule::OptimizeLevel, value, origin);
    let by_attribute = Origin::Attribute(AttributeValue::OptimizeLevel(attribute));
    match attribute {
        OptimizeAttribute::Interpreter => decided(OptimizeLevels::one(OptimizeLevel::Zero), by_attribute),
        OptimizeAttribute::Level(level) => decided(OptimizeLevels::one(level), by_attribute),
        OptimizeAttribute::Inherit => match flags.precompile_optimize_levels.value {
            OptimizeLevelsFlag::Auto => decided(OptimizeLevels::one(OptimizeLevel::Zero), by_attribute),
            OptimizeLevelsFlag::Levels(levels) if layout == Layout::Legacy && levels.are_several() => {
                let origin = Origin::Fact(Fact::OneNameForAllLevels);
                decided(OptimizeLevels::one(levels.lowest()), origin)
            }
            OptimizeLevelsFlag::Levels(levels) => {
                let origin = Origin::flag(&flags.precompile_optimize_levels, FlagValue::OptimizeLevels);
                decided(levels, origin)
            }
        },
    }
}

fn add_sources(flags: &Flags) -> Decided<AddSources> {
    let value = match flags.add_srcs_to_runfiles.value {
        AddSrcsToRunfilesFlag::Auto | AddSrcsToRunfilesFlag::Enabled => AddSources::Yes,
        AddSrcsToRunfilesFlag::Disabled => AddSources::No,
    };
    let origin = Origin::flag(&flags.add_srcs_to_runfiles, FlagValue::AddSrcsToRunfiles);
    Decided::by(Rule::AddSources, value, origin)
}

impl fmt::Display for Invalidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invalidation::CheckedHash => "checked_hash",
            Invalidation::UncheckedHash => "unchecked_hash",
        })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layout::Cache => "__pycache__",
            Layout::Legacy => "legacy",
        })
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Generation::Yes => "compiled",
            Generation::No => "not compiled",
        })
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Retention::Keep => "keep_source",
            Retention::Omit => "omit_source",
        })
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Collection::On => "collects pycs",
            Collection::Off => "does not collect pycs",
        })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Requirement::Required => "required",
            Requirement::Implicit => "implicit",
        })
    }
}
