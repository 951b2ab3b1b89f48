//! What analysis finds out about targets, beside what the plan is made from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prepyc_loading::{Location, Rule};
use prepyc_plan::{ConfiguredLabel, Label, PythonVersion};

/// A file of the workspace or of a repository beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct File {
    /// Its label.
    pub label: Label,
    /// Where it is on disk, absolute.
    pub path: PathBuf,
}

/// A `py_library`, `py_binary` or `py_test` in a configuration.
#[derive(Clone, Debug)]
pub struct PythonTarget {
    /// Which target, in which configuration.
    pub label: ConfiguredLabel,
    /// Its rule.
    pub rule: Rule,
    /// Where it is declared.
    pub location: Location,
    /// `imports`, as folders in a tree of runfiles (`_main/pkg/src`).
    pub imports: Vec<String>,
    /// `deps`, and for binaries what they carry beside them.
    pub deps: Vec<ConfiguredLabel>,
    /// The `.py` files of `srcs`.
    pub sources: Vec<File>,
    /// Files of `srcs` that are no `.py` files, and files of `data`.
    pub data_files: Vec<File>,
    /// Python targets in `data`: what they leave behind and their runfiles go along.
    pub data_targets: Vec<ConfiguredLabel>,
    /// What only binaries and tests have.
    pub program: Option<Program>,
    /// `tags`
    pub tags: Vec<String>,
}

/// What a binary or a test is started with.
#[derive(Clone, Debug)]
pub struct Program {
    /// `args`, which `prepyc run` and `prepyc test` pass before those of the command line.
    pub args: Vec<String>,
    /// `env`, in the order of the BUILD file.
    pub env: Vec<(String, String)>,
    /// `env_inherit`, of tests
    pub env_inherit: Vec<String>,
    /// `interpreter_args`
    pub interpreter_args: Vec<String>,
    /// Whether packages without `__init__.py` are given an empty one.
    pub creates_init_files: InitFiles,
    /// How the test is run; `None` for binaries.
    pub test: Option<TestSettings>,
    /// The Python that runs it.
    pub python: Python,
}

/// `legacy_create_init`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitFiles {
    /// Folders of runfiles that hold Python files are packages.
    Created,
    /// Only folders with an `__init__.py` of their own are.
    AsTheyAre,
}

/// How a test is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestSettings {
    /// How long it may take.
    pub timeout: Timeout,
    /// Whether a failure is tried again.
    pub flaky: Flakiness,
    /// Into how many parts it is cut; 0 for none.
    pub shards: u32,
}

/// `timeout`, or what `size` says in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// A minute.
    Short,
    /// Five minutes.
    Moderate,
    /// A quarter of an hour.
    Long,
    /// An hour.
    Eternal,
}

impl Timeout {
    /// Bazel's limit, in seconds.
    pub fn seconds(self) -> u64 {
        match self {
            Timeout::Short => 60,
            Timeout::Moderate => 300,
            Timeout::Long => 900,
            Timeout::Eternal => 3600,
        }
    }
}

/// `flaky`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flakiness {
    /// It fails if it fails.
    Steady,
    /// It fails if it fails three times.
    Flaky,
}

/// The Python that runs a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Its version, where anything says so.
    pub version: Option<PythonVersion>,
    /// Where it is.
    pub interpreter: Interpreter,
    /// Files that it needs in a tree of runfiles.
    pub files: Vec<File>,
}

/// Where an interpreter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interpreter {
    /// On this machine, absolute.
    Path(PathBuf),
    /// A file that goes along.
    File(File),
    /// Whatever `python3` is found by the search path when the program is started.
    Found,
}

/// The precompiler of an exec tools toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecompilerTool {
    /// What is started.
    pub program: PrecompilerProgram,
    /// Bazel's execution requirements: how it may be run.
    pub requirements: BTreeMap<String, String>,
}

/// What is started to precompile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrecompilerProgram {
    /// A file that can be executed.
    Executable {
        /// The file.
        file: File,
        /// What a `sh_binary` finds in its runfiles, itself among them; a file by itself has none.
        runfiles: Vec<File>,
    },
    /// A `py_binary` of the workspace, by its label. It has to be put together first, by [`ConfigurationFacts::tool`].
    ///
    /// [`ConfigurationFacts::tool`]: super::ConfigurationFacts::tool
    Binary(Label),
    /// A Python program, its main file and what it is started with.
    Interpreted {
        /// The interpreter that runs it: `exec_interpreter`, else that of the target's toolchain.
        interpreter: Interpreter,
        /// `interpreter_args`
        interpreter_args: Vec<String>,
        /// Its main file.
        main: File,
        /// Every other file that it needs.
        files: Vec<File>,
        /// `env`
        env: Vec<(String, String)>,
    },
}
