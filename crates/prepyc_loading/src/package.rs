//! What a BUILD file comes to: targets as plain data, `select()` as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_plan::Label;

/// A package by its place: `@repository//name`, the repository empty for the main one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId {
    /// The canonical repository's name; empty for the main repository.
    pub repository: Arc<str>,
    /// The path below the repository's folder; empty for the topmost.
    pub name: Arc<str>,
}

/// A place in a BUILD or .bzl file.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file, as messages name it: below the workspace's folder without that folder, else absolute.
    pub file: Arc<Path>,
    /// The line, from 1; 0 where there is no file (targets that are made up).
    pub line: u32,
}

/// All that one BUILD file declares.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its place.
    pub id: PackageId,
    /// The folder of its BUILD file, where its source files are.
    pub folder: PathBuf,
    /// Its rules' targets, by name.
    pub targets: BTreeMap<Arc<str>, Target>,
    /// The source files that `exports_files` names, with their visibility.
    pub exported_files: BTreeMap<Arc<str>, Vec<String>>,
    /// `default_visibility` of `package()`, as written; private where it is not set.
    pub default_visibility: Vec<String>,
    /// `default_testonly` of `package()`.
    pub default_testonly: bool,
    /// Names that label attributes of this package's own targets mention and that are no targets: source files, if they exist.
    pub mentioned: BTreeSet<Arc<str>>,
    /// What `print()` said, in order.
    pub messages: Vec<Message>,
}

/// What a BUILD or .bzl file printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The `print()`.
    pub location: Location,
    /// Its text.
    pub text: String,
}

/// One target as its rule was called.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its label.
    pub label: Label,
    /// Its rule.
    pub rule: Rule,
    /// The call in the BUILD file (the outermost frame, not the macro's inside).
    pub location: Location,
    /// The attributes that were given and are not `None`, but for `name`.
    pub attributes: BTreeMap<Arc<str>, Attribute>,
}

/// A rule, by what it does; the names are Bazel's and rules_python's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// `py_library`
    PyLibrary,
    /// `py_binary`
    PyBinary,
    /// `py_test`
    PyTest,
    /// `py_runtime`
    PyRuntime,
    /// `py_runtime_pair`
    PyRuntimePair,
    /// `py_exec_tools_toolchain`
    PyExecToolsToolchain,
    /// `toolchain`
    Toolchain,
    /// `toolchain_type`
    ToolchainType,
    /// `filegroup`
    Filegroup,
    /// `alias`
    Alias,
    /// `config_setting`
    ConfigSetting,
    /// `selects.config_setting_group` of bazel_skylib: `match_any` or `match_all` of several settings
    ConfigSettingGroup,
    /// `constraint_setting`
    ConstraintSetting,
    /// `constraint_value`
    ConstraintValue,
    /// `platform`
    Platform,
    /// `string_flag`
    StringFlag,
    /// `bool_flag`
    BoolFlag,
    /// `int_flag`
    IntFlag,
    /// `string_list_flag`
    StringListFlag,
    /// `test_suite`
    TestSuite,
    /// `package_group`
    PackageGroup,
    /// Any other, by the name it is called by. Its attributes are whatever it was given.
    Unknown(Arc<str>),
}

/// An attribute's value: the sum of its parts, most often of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// What is added up, in order; never empty.
    pub parts: Vec<Part>,
}

/// A summand of an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same in every configuration.
    Value(Value),
    /// What the configuration decides.
    Select(Select),
}

/// A `select()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// Conditions, as absolute labels (`//conditions:default` among them), and what holds under each, in order.
    pub branches: Vec<(Label, Value)>,
    /// What to say where no condition holds; empty where it was not set.
    pub no_match_error: String,
}

/// A value of an attribute. Labels stand as text that is absolute (`//package:name`, `@canonical//package:name`) where the
/// attribute takes labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `None`: as if it had not been given. Only inside a select.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Integer(i64),
    /// A text or a label.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A dictionary, in its order.
    Dict(Vec<(Value, Value)>),
}

impl PackageId {
    /// The package of a label.
    pub fn of(label: &Label) -> PackageId {
        PackageId { repository: Arc::from(label.repository()), name: Arc::from(label.package()) }
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.repository.is_empty() {
            write!(f, "@{}", self.repository)?;
        }
        write!(f, "//{}", self.name)
    }
}

impl fmt::Display for Location {
    /// `pkg/BUILD.bazel:3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 { write!(f, ":{}", self.line) } else { Ok(()) }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Attribute {
    /// A value that is the same in every configuration.
    pub fn plain(value: Value) -> Attribute {
        Attribute { parts: vec![Part::Value(value)] }
    }
}

impl Rule {
    /// What the rule is called.
    pub fn name(&self) -> &str {
        match self {
            Rule::PyLibrary => "py_library",
            Rule::PyBinary => "py_binary",
            Rule::PyTest => "py_test",
            Rule::PyRuntime => "py_runtime",
            Rule::PyRuntimePair => "py_runtime_pair",
            Rule::PyExecToolsToolchain => "py_exec_tools_toolchain",
            Rule::Toolchain => "toolchain",
            Rule::ToolchainType => "toolchain_type",
            Rule::Filegroup => "filegroup",
            Rule::Alias => "alias",
            Rule::ConfigSetting => "config_setting",
            Rule::ConfigSettingGroup => "config_setting_group",
            Rule::ConstraintSetting => "constraint_setting",
            Rule::ConstraintValue => "constraint_value",
            Rule::Platform => "platform",
            Rule::StringFlag => "string_flag",
            Rule::BoolFlag => "bool_flag",
            Rule::IntFlag => "int_flag",
            Rule::StringListFlag => "string_list_flag",
            Rule::TestSuite => "test_suite",
            Rule::PackageGroup => "package_group",
            Rule::Unknown(name) => name,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
