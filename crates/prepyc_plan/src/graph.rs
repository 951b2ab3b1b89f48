//! What a plan is made from: targets as plain data, as whoever loaded BUILD files hands them over.
//!
//! A node of the graph is a target in a configuration: one that is built twice, with other flags, is there twice.

use std::fmt;

use crate::attribute::{Attributes, PycCollectionAttribute};
use crate::flag::Flags;
use crate::label::Label;
use crate::toolchain::Toolchain;

/// One of the graph's configurations; the order is that of adding them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigurationId(u32);

/// One of the graph's toolchains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ToolchainId(u32);

/// A target and the configuration it is built in.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfiguredLabel {
    /// The target.
    pub label: Label,
    /// Its flags.
    pub configuration: ConfigurationId,
}

impl fmt::Display for ConfiguredLabel {
    /// The label alone; the first configuration is not worth a word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(f)?;
        match self.configuration.0 {
            0 => Ok(()),
            number => write!(f, " (configuration {number})"),
        }
    }
}

impl fmt::Debug for ConfiguredLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileOrigin {
    /// It is in the workspace.
    Workspace,
    /// An action of that configuration makes it.
    Generated(ConfigurationId),
}

/// A file that a target's `srcs` come to, by the label that owns it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceFile {
    /// Its own label: the package is that of the BUILD file nearest to it.
    pub label: Label,
    /// Where it comes from.
    pub origin: FileOrigin,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            FileOrigin::Workspace => fmt::Debug::fmt(&self.label, f),
            FileOrigin::Generated(configuration) => {
                write!(f, "{:?} generated in {}", self.label, configuration.0)
            }
        }
    }
}

/// What a binary or test runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Main {
    /// Neither attribute is set: `NAME.py`.
    ByName,
    /// `main`: the name of its label; the one of `srcs` whose path ends so.
    File(String),
    /// `main_module`: a module that some dependency brings.
    Module(String),
}

/// What only binaries and tests have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executable {
    /// `main` or `main_module`
    pub main: Main,
    /// `pyc_collection`
    pub pyc_collection: PycCollectionAttribute,
    /// What it carries beside `deps` but does not pass on: the debugger.
    pub extra_deps: Vec<ConfiguredLabel>,
}

/// What a target is to precompiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `py_library`
    Library,
    /// `py_binary`
    Binary(Executable),
    /// `py_test`
    Test(Executable),
    /// Something whose provider is Bazel's own `PyInfo`, which knows of no pycs.
    BuiltinLibrary,
    /// Something without `PyInfo`; its `srcs` are what it makes.
    Files,
}

impl Kind {
    /// What binaries and tests have.
    pub fn executable(&self) -> Option<&Executable> {
        match self {
            Kind::Binary(executable) | Kind::Test(executable) => Some(executable),
            Kind::Library | Kind::BuiltinLibrary | Kind::Files => None,
        }
    }

    /// Whether rules of rules_python make it, so that its sources may be compiled.
    pub(crate) fn is_compiled(&self) -> bool {
        match self {
            Kind::Library | Kind::Binary(_) | Kind::Test(_) => true,
            Kind::BuiltinLibrary | Kind::Files => false,
        }
    }
}

/// One target in one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub label: Label,
    /// Its flags.
    pub configuration: ConfigurationId,
    /// Its toolchains.
    pub toolchain: ToolchainId,
    /// What it is.
    pub kind: Kind,
    /// Its attributes.
    pub attributes: Attributes,
    /// Every file of `srcs`; those not named `*.py` take no part.
    pub srcs: Vec<SourceFile>,
    /// `deps`
    pub deps: Vec<ConfiguredLabel>,
}

impl Target {
    /// Its place in the graph.
    pub fn configured_label(&self) -> ConfiguredLabel {
        ConfiguredLabel { label: self.label.clone(), configuration: self.configuration }
    }
}

/// Targets, and the configurations and toolchains they refer to. The order of adding targets means nothing.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) configurations: Vec<Flags>,
    pub(crate) toolchains: Vec<Toolchain>,
    pub(crate) targets: Vec<Target>,
}

impl Graph {
    /// One without targets.
    #[expect(
        clippy::new_without_default,
        reason = "a graph is begun, it has no value of its own to fall back on"
    )]
    pub fn new() -> Graph {
        Graph { configurations: Vec::new(), toolchains: Vec::new(), targets: Vec::new() }
    }

    /// Adds a configuration. The first is the one that goes without saying.
    ///
    /// # Panics
    /// With more than 2³² of them.
    pub fn add_configuration(&mut self, flags: Flags) -> ConfigurationId {
        let id = u32::try_from(self.configurations.len()).expect("at most 2^32 configurations");
        self.configurations.push(flags);
        ConfigurationId(id)
    }

    /// Adds a toolchain.
    ///
    /// # Panics
    /// With more than 2³² of them.
    pub fn add_toolchain(&mut self, toolchain: Toolchain) -> ToolchainId {
        let id = u32::try_from(self.toolchains.len()).expect("at most 2^32 toolchains");
        self.toolchains.push(toolchain);
        ToolchainId(id)
    }

    /// Adds a target.
    ///
    /// # Panics
    /// If its configuration or toolchain is another graph's.
    pub fn add_target(&mut self, target: Target) {
        assert!((target.configuration.0 as usize) < self.configurations.len(), "an unknown configuration");
        assert!((target.toolchain.0 as usize) < self.toolchains.len(), "an unknown toolchain");
        self.targets.push(target);
    }

    pub(crate) fn flags(&self, id: ConfigurationId) -> &Flags {
        &self.configurations[id.0 as usize]
    }

    pub(crate) fn toolchain(&self, id: ToolchainId) -> &Toolchain {
        &self.toolchains[id.0 as usize]
    }
}
