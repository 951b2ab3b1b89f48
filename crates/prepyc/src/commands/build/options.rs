//! What `prepyc build`, `run`, `test`, `zip`, `explain` and `report` are told, as plain data: nothing is looked up yet.
//!
//! Made by [`super::reading::read`] from `.bazelrc` files and the command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use prepyc_loading::bazelrc::Origin;
use prepyc_plan::{Flags, Given};

use super::patterns::Pattern;
use super::workspace::Workspace;
use crate::commands::files::EngineChoice;

/// One command line, understood.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// What is wanted.
    pub(crate) request: Request,
    /// How it is made.
    pub(crate) options: BuildOptions,
}

/// What is wanted of the targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `prepyc build PATTERNS`
    Build {
        /// At least one.
        patterns: Vec<Pattern>,
    },
    /// `prepyc run TARGET -- ARGS`
    Run {
        /// Names one target.
        target: Pattern,
        /// What the program gets, after the target's own `args`.
        arguments: Vec<OsString>,
    },
    /// `prepyc test PATTERNS`
    Test {
        /// At least one.
        patterns: Vec<Pattern>,
    },
    /// `prepyc zip TARGET`
    Zip {
        /// Names one target.
        target: Pattern,
        /// `-o`: relative to the current folder; without it, in the output tree.
        output: Option<PathBuf>,
    },
    /// `prepyc explain TARGETS`
    Explain {
        /// At least one.
        patterns: Vec<Pattern>,
        /// `--output`
        format: ExplainFormat,
    },
    /// `prepyc report TARGET`
    Report {
        /// Names one target.
        target: Pattern,
        /// `--format`
        format: ReportFormat,
        /// `-o`: relative to the current folder; without it, standard output.
        output: Option<PathBuf>,
        /// How often the import is timed; `None` for `--no_import_time`.
        rounds: Option<NonZeroUsize>,
    },
}

/// `--output` of `prepyc explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExplainFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `--format` of `prepyc report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// One page that needs no other file.
    Html,
}

/// Everything that holds for a build, whatever is built.
#[derive(Clone, Debug)]
pub(crate) struct BuildOptions {
    /// The workspace, and where in it the command was typed.
    pub(crate) workspace: Workspace,
    /// The flags of precompiling and the compilation mode.
    pub(crate) flags: Flags,
    /// Flags by label that are not among `flags`, in the order they were given; the last one for a label wins.
    pub(crate) label_flags: Vec<LabelFlag>,
    /// `--python_version`: as given, such as `3.13`; its form is checked.
    pub(crate) python_version: Option<Sourced<String>>,
    /// `--define`: the last one for a name wins.
    pub(crate) defines: BTreeMap<String, String>,
    /// `--platforms`: a label as it was given.
    pub(crate) platforms: Option<Sourced<String>>,
    /// `--extra_toolchains`: labels and patterns as they were given, in order.
    pub(crate) extra_toolchains: Vec<Sourced<String>>,
    /// `--build_tag_filters`
    pub(crate) build_tag_filters: TagFilter,
    /// `--pip_hub`: the hub's apparent name to its site-packages folder.
    pub(crate) pip_hubs: BTreeMap<String, Sourced<PathBuf>>,
    /// `--python`: the target's interpreter where no toolchain names one. A path, or a name for PATH.
    pub(crate) python: Option<PathBuf>,
    /// `--engine`
    pub(crate) engine: EngineChoice,
    /// How actions are run.
    pub(crate) execution: ExecutionOptions,
    /// What `prepyc test` and `prepyc run` do with the program.
    pub(crate) test: TestOptions,
    /// `--symlink_prefix`: what the names of the links in the workspace's folder begin with; `/` for no links.
    pub(crate) symlink_prefix: Option<String>,
    /// What is said while it works.
    pub(crate) console: ConsoleOptions,
    /// Flags of `.bazelrc` files that mean nothing here, in order, as they were written.
    pub(crate) ignored: Vec<Sourced<String>>,
}

/// A value, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sourced<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it was given.
    pub(crate) origin: Origin,
}

/// A flag that is a target: `--//my:flag=x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelFlag {
    /// As it was given, without dashes: `//my:flag`, `@repo//my:flag`, `@@repo+//my:flag`.
    pub(crate) label: String,
    /// Its value.
    pub(crate) value: LabelFlagValue,
    /// Where it was given.
    pub(crate) origin: Origin,
}

/// The value of a flag that is a target; what it may be, the target says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LabelFlagValue {
    /// `--//my:flag=x`
    Text(String),
    /// `--//my:flag`: the truth, where it is a `bool_flag`.
    On,
    /// `--no//my:flag`: the opposite.
    Off,
}

/// How actions are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecutionOptions {
    /// `--strategy=PyCompile=…`, else `--spawn_strategy=…`: the first that can run an action does. Empty where neither is
    /// given: then it is for the executor to choose.
    pub(crate) strategies: Vec<Sourced<StrategyName>>,
    /// `--worker_extra_flag=PyCompile=…`, in order.
    pub(crate) worker_extra_flags: Vec<String>,
    /// `--worker_max_instances`, that of PyCompile before that of all.
    pub(crate) worker_max_instances: Option<NonZeroUsize>,
    /// `--worker_max_multiplex_instances`, likewise.
    pub(crate) worker_max_multiplex_instances: Option<NonZeroUsize>,
    /// `--worker_multiplex`, `--worker_sandboxing` and their like.
    pub(crate) workers: WorkerChoices,
    /// `--action_timeout`; `None` for the executor's own limit.
    pub(crate) action_timeout: Option<Duration>,
    /// `--disk_cache`: absolute.
    pub(crate) disk_cache: Option<PathBuf>,
    /// `--jobs`; `None` for one a core.
    pub(crate) jobs: Option<NonZeroUsize>,
    /// `--keep_going`
    pub(crate) on_failure: OnFailure,
}

/// What workers are allowed, where it was said; `None` for Bazel's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkerChoices {
    /// `--worker_multiplex`
    pub(crate) multiplex: Option<bool>,
    /// `--worker_sandboxing`
    pub(crate) sandboxing: Option<bool>,
    /// `--experimental_worker_multiplex_sandboxing`
    pub(crate) multiplex_sandboxing: Option<bool>,
    /// `--experimental_worker_cancellation`
    pub(crate) cancellation: Option<bool>,
    /// `--worker_verbose`
    pub(crate) verbose: Option<bool>,
}

/// The name of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StrategyName {
    /// A persistent worker.
    Worker,
    /// A process in a folder that holds its inputs alone.
    Sandboxed,
    /// A process in the execution root, or prepyc itself.
    Local,
}

/// What one failed action means for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// No other one is started.
    Stop,
    /// `--keep_going`: all are run that can be.
    KeepGoing,
}

/// What becomes of programs that are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestOptions {
    /// `--test_output`
    pub(crate) output: TestOutput,
    /// `--test_filter`: `TESTBRIDGE_TEST_ONLY`.
    pub(crate) filter: Option<String>,
    /// `--test_arg`, in order.
    pub(crate) arguments: Vec<String>,
    /// `--test_env`: a value, or `None` to pass on what prepyc was started with.
    pub(crate) environment: BTreeMap<String, Option<String>>,
    /// `--test_tag_filters`
    pub(crate) tag_filters: TagFilter,
    /// `--test_timeout`
    pub(crate) timeouts: TestTimeouts,
}

/// How long tests may take, by their `timeout`; `None` for Bazel's own 60, 300, 900 and 3600 seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestTimeouts {
    /// `timeout = "short"`
    pub(crate) short: Option<Duration>,
    /// `timeout = "moderate"`
    pub(crate) moderate: Option<Duration>,
    /// `timeout = "long"`
    pub(crate) long: Option<Duration>,
    /// `timeout = "eternal"`
    pub(crate) eternal: Option<Duration>,
}

/// `--test_output`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestOutput {
    /// A line a test, and where its log is.
    Summary,
    /// The logs of those that failed, too.
    Errors,
    /// Every log.
    All,
}

/// `--build_tag_filters`, `--test_tag_filters`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagFilter {
    /// Where there are any, a target needs one of them.
    pub(crate) wanted: Vec<String>,
    /// A target has none of them.
    pub(crate) unwanted: Vec<String>,
}

/// What is said while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConsoleOptions {
    /// `--show_progress`, `--progress`
    pub(crate) progress: When,
    /// `--color`
    pub(crate) color: When,
    /// `--verbose`
    pub(crate) verbosity: Verbosity,
}

/// When something is done that only suits a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Results.
    Normal,
    /// And what was decided on the way, such as flags that mean nothing here.
    Verbose,
}

impl BuildOptions {
    /// What holds where nothing is said.
    pub(crate) fn unset(workspace: Workspace) -> BuildOptions {
        BuildOptions {
            workspace,
            flags: Flags::unset(),
            label_flags: Vec::new(),
            python_version: None,
            defines: BTreeMap::new(),
            platforms: None,
            extra_toolchains: Vec::new(),
            build_tag_filters: TagFilter::default(),
            pip_hubs: BTreeMap::new(),
            python: None,
            engine: EngineChoice::Auto,
            execution: ExecutionOptions::unset(),
            test: TestOptions::unset(),
            symlink_prefix: None,
            console: ConsoleOptions { progress: When::Auto, color: When::Auto, verbosity: Verbosity::Normal },
            ignored: Vec::new(),
        }
    }
}

impl ExecutionOptions {
    fn unset() -> ExecutionOptions {
        ExecutionOptions {
            strategies: Vec::new(),
            worker_extra_flags: Vec::new(),
            worker_max_instances: None,
            worker_max_multiplex_instances: None,
            workers: WorkerChoices::default(),
            action_timeout: None,
            disk_cache: None,
            jobs: None,
            on_failure: OnFailure::Stop,
        }
    }
}

impl TestOptions {
    fn unset() -> TestOptions {
        TestOptions {
            output: TestOutput::Summary,
            filter: None,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            tag_filters: TagFilter::default(),
            timeouts: TestTimeouts::default(),
        }
    }
}

impl TagFilter {
    /// Whether a target with these tags is taken.
    pub(crate) fn takes<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> bool {
        let mut found = self.wanted.is_empty();
        for tag in tags {
            if self.unwanted.iter().any(|unwanted| unwanted == tag) {
                return false;
            }
            found |= self.wanted.iter().any(|wanted| wanted == tag);
        }
        found
    }
}

/// How the plan names where a flag was given.
pub(crate) fn given(origin: &Origin) -> Given {
    match origin {
        Origin::CommandLine => Given::CommandLine,
        Origin::File(_) => Given::ConfigFile,
    }
}
