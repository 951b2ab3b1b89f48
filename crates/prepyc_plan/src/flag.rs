//! The flags of precompiling: docs/precompiling.md §2, and three that go beyond it.
//!
//! [`Flags`] is one configuration's worth. A binary's `config_settings` makes another configuration, with flags of its own.

use std::collections::BTreeMap;
use std::fmt;

use crate::level::OptimizeLevelsFlag;
use crate::setting::{SettingError, words};

words! {
    /// `--precompile`: whether pycs are made and collected where attributes leave it open. `auto` is `disabled`.
    PrecompileFlag for "--precompile" {
        /// As `disabled`.
        Auto = "auto",
        /// Binaries that leave it open collect the pycs of libraries that leave it open.
        Enabled = "enabled",
        /// Binaries that leave it open do not.
        Disabled = "disabled",
        /// As `enabled`, and every target makes pycs, whatever its attribute says.
        ForceEnabled = "force_enabled",
        /// As `disabled`, and no target makes pycs, whatever its attribute says.
        ForceDisabled = "force_disabled",
    }
    removed {
        "if_generated_source" => "set precompile = \"enabled\" on the targets with generated sources",
    }
}

words! {
    /// `--precompile_source_retention`: whether compiled sources are kept where attributes leave it open.
    SourceRetentionFlag for "--precompile_source_retention" {
        /// As `keep_source`.
        Auto = "auto",
        /// Sources stay beside their pycs.
        KeepSource = "keep_source",
        /// Pycs take the place of their sources.
        OmitSource = "omit_source",
    }
    removed {
        "omit_if_generated_source" =>
            "set precompile_source_retention = \"omit_source\" on the targets with generated sources",
    }
}

words! {
    /// `--add_srcs_to_runfiles`: whether a library's kept sources are in its own runfiles. `auto` is `enabled`.
    AddSrcsToRunfilesFlag for "--add_srcs_to_runfiles" {
        /// As `enabled`: what rules_python's code does, not what its documentation says.
        Auto = "auto",
        /// They are.
        Enabled = "enabled",
        /// Only binaries that depend on the library carry them.
        Disabled = "disabled",
    }
    removed {}
}

words! {
    /// `--exec_tools_toolchain`: whether the toolchain that brings the built-in precompiler is registered.
    ExecToolsToolchainFlag for "--exec_tools_toolchain" {
        /// It is.
        Enabled = "enabled",
        /// Only a toolchain that the workspace registers itself can bring a precompiler.
        Disabled = "disabled",
    }
    removed {}
}

words! {
    /// `--compilation_mode`, `-c`: Bazel's own flag.
    CompilationMode for "--compilation_mode" {
        /// The default.
        Fastbuild = "fastbuild",
        /// For debugging.
        Dbg = "dbg",
        /// For shipping: pycs are not checked against their sources.
        Opt = "opt",
    }
    removed {}
}

words! {
    /// `--pyc_only`: whole binaries of pycs without sources, whatever attributes say.
    ///
    /// `enabled` is `--precompile=force_enabled` with every source omitted and every pyc collected.
    PycOnlyFlag for "--pyc_only" {
        /// As `disabled`.
        Auto = "auto",
        /// Pycs alone.
        Enabled = "enabled",
        /// Whatever the other flags and the attributes say.
        Disabled = "disabled",
    }
    removed {}
}

words! {
    /// `--on_precompile_error`: what becomes of a source that no pyc can be made of.
    OnPrecompileError for "--on_precompile_error" {
        /// As `fail`.
        Auto = "auto",
        /// The build fails.
        Fail = "fail",
        /// The source ships in its pyc's place, with a warning.
        Warn = "warn",
        /// The source ships in its pyc's place.
        KeepSource = "keep_source",
    }
    removed {}
}

/// Where the value of a flag was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Given {
    /// Nowhere: it is the flag's default.
    Default,
    /// In a `.bazelrc`.
    ConfigFile,
    /// On the command line.
    CommandLine,
    /// By `config_settings` of the binary that is built.
    ConfigSettings,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Given::Default => "the default",
            Given::ConfigFile => "from .bazelrc",
            Given::CommandLine => "from the command line",
            Given::ConfigSettings => "from config_settings",
        })
    }
}

/// A flag's value and where it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flag<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub given: Given,
}

impl<T> Flag<T> {
    fn unset(value: T) -> Flag<T> {
        Flag { value, given: Given::Default }
    }

    /// Takes on a value.
    pub fn set(&mut self, value: T, given: Given) {
        *self = Flag { value, given };
    }
}

/// Every flag of one configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `--precompile`
    pub precompile: Flag<PrecompileFlag>,
    /// `--precompile_source_retention`
    pub precompile_source_retention: Flag<SourceRetentionFlag>,
    /// `--add_srcs_to_runfiles`
    pub add_srcs_to_runfiles: Flag<AddSrcsToRunfilesFlag>,
    /// `--exec_tools_toolchain`
    pub exec_tools_toolchain: Flag<ExecToolsToolchainFlag>,
    /// `--compilation_mode`
    pub compilation_mode: Flag<CompilationMode>,
    /// `--pyc_only`
    pub pyc_only: Flag<PycOnlyFlag>,
    /// `--precompile_optimize_levels`
    pub precompile_optimize_levels: Flag<OptimizeLevelsFlag>,
    /// `--on_precompile_error`
    pub on_precompile_error: Flag<OnPrecompileError>,
    /// `--execution_requirements`
    pub execution_requirements: Flag<ExecutionRequirements>,
}

impl Flags {
    /// What holds where no flag is set.
    pub fn unset() -> Flags {
        Flags {
            precompile: Flag::unset(PrecompileFlag::Auto),
            precompile_source_retention: Flag::unset(SourceRetentionFlag::Auto),
            add_srcs_to_runfiles: Flag::unset(AddSrcsToRunfilesFlag::Auto),
            exec_tools_toolchain: Flag::unset(ExecToolsToolchainFlag::Enabled),
            compilation_mode: Flag::unset(CompilationMode::Fastbuild),
            pyc_only: Flag::unset(PycOnlyFlag::Auto),
            precompile_optimize_levels: Flag::unset(OptimizeLevelsFlag::Auto),
            on_precompile_error: Flag::unset(OnPrecompileError::Auto),
            execution_requirements: Flag::unset(ExecutionRequirements::stock()),
        }
    }

    /// Sets the flag of that name, which stands without dashes and without the label of its package.
    ///
    /// # Errors
    /// An unknown or removed flag, or a value that the flag does not take. Nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str, given: Given) -> Result<(), SettingError> {
        match name {
            "precompile" => self.precompile.set(value.parse()?, given),
            "precompile_source_retention" => self.precompile_source_retention.set(value.parse()?, given),
            "add_srcs_to_runfiles" => self.add_srcs_to_runfiles.set(value.parse()?, given),
            "exec_tools_toolchain" => self.exec_tools_toolchain.set(value.parse()?, given),
            "compilation_mode" => self.compilation_mode.set(value.parse()?, given),
            "pyc_only" => self.pyc_only.set(value.parse()?, given),
            "precompile_optimize_levels" => self.precompile_optimize_levels.set(value.parse()?, given),
            "on_precompile_error" => self.on_precompile_error.set(value.parse()?, given),
            "execution_requirements" => self.add_execution_requirement(value, given)?,
            "pyc_collection" => {
                return Err(SettingError::RemovedFlag {
                    flag: "pyc_collection",
                    instead: "a binary's pyc_collection attribute decides, and inherits from --precompile",
                });
            }
            "precompile_add_to_runfiles" => {
                return Err(SettingError::RemovedFlag {
                    flag: "precompile_add_to_runfiles",
                    instead: "a binary's pyc_collection attribute decides what its runfiles hold",
                });
            }
            _ => return Err(SettingError::UnknownFlag(name.to_owned())),
        }
        Ok(())
    }

    /// Whether the flags can all be obeyed at once.
    ///
    /// # Errors
    /// Names two that cannot.
    pub fn check(&self) -> Result<(), SettingError> {
        let forced = self.precompile.value == PrecompileFlag::ForceDisabled;
        if forced && self.pyc_only.value == PycOnlyFlag::Enabled {
            return Err(SettingError::PycOnlyWithoutPycs);
        }
        Ok(())
    }

    /// The first one given takes the place of the stock ones, as with every repeatable flag of Bazel's.
    fn add_execution_requirement(&mut self, text: &str, given: Given) -> Result<(), SettingError> {
        let mut requirements = match self.execution_requirements.given {
            Given::Default => ExecutionRequirements(BTreeMap::new()),
            _ => self.execution_requirements.value.clone(),
        };
        requirements.add(text)?;
        self.execution_requirements.set(requirements, given);
        Ok(())
    }
}

/// How an action may be run, as Bazel's execution requirements: keys and values, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecutionRequirements(BTreeMap<String, String>);

impl ExecutionRequirements {
    /// The precompiler's own: a JSON worker that multiplexes, sandboxed or not, and can be cancelled.
    pub fn stock() -> ExecutionRequirements {
        let stock = [
            ("supports-workers", "1"),
            ("requires-worker-protocol", "json"),
            ("supports-multiplex-sandboxing", "1"),
            ("supports-multiplex-workers", "1"),
            ("supports-worker-cancellation", "1"),
        ];
        ExecutionRequirements(
            stock.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        )
    }

    /// Adds `key=value`, split at the first `=`; blank text adds nothing.
    fn add(&mut self, text: &str) -> Result<(), SettingError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let (key, value) =
            text.split_once('=').ok_or_else(|| SettingError::BadRequirement(text.to_owned()))?;
        self.0.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
