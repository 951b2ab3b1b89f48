//! The flags that are no labels: their names, what they take, what they mean, and what `--help` says of them.
//!
//! One table for `.bazelrc` files, the command line and the documentation.

mod configuration;
mod execution;
mod output;
mod precompiling;
mod rc_files;
mod testing;
mod values;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use prepyc_loading::bazelrc::{Origin, from_workspace};
use prepyc_plan::SettingError;

use super::command_name::CommandName;
use super::options::{BuildOptions, ExplainFormat, ReportFormat, Sourced, StrategyName, given};
pub(super) use values::truth;

/// Every flag, by subject, in the order of `--help`.
const SUBJECTS: [&[FlagSpec]; 6] = [
    precompiling::FLAGS,
    configuration::FLAGS,
    execution::FLAGS,
    testing::FLAGS,
    output::FLAGS,
    rc_files::FLAGS,
];

/// Every flag, in the order of `--help`.
pub(super) fn all() -> impl Iterator<Item = &'static FlagSpec> {
    SUBJECTS.into_iter().flatten()
}

/// One flag.
pub(super) struct FlagSpec {
    /// Its name, without dashes.
    pub(super) name: &'static str,
    /// Other names it goes by.
    pub(super) aliases: &'static [&'static str],
    /// Its letter.
    pub(super) short: Option<char>,
    /// What follows it.
    pub(super) takes: Takes,
    /// Where in `--help` it stands.
    pub(super) heading: &'static str,
    /// The commands that have it.
    pub(super) commands: &'static [CommandName],
    /// What it is for, in a line.
    pub(super) help: &'static str,
    /// What else there is to know; empty where that is all.
    pub(super) more: &'static str,
    /// What it means.
    pub(super) set: fn(&mut Draft, FlagValue<'_>) -> Result<(), Problem>,
}

/// What follows a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// `--flag=VALUE`, `--flag VALUE`; this is what `--help` calls the value.
    Value(&'static str),
    /// `--flag`, `--noflag`, `--flag=yes`: the text is `true` or `false`.
    Truth,
}

/// A flag's value, and where it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlagValue<'a> {
    /// The text behind the `=`.
    pub(super) text: &'a str,
    /// Where it was given.
    pub(super) origin: &'a Origin,
}

/// Why a flag cannot have a value.
#[derive(Debug)]
pub(super) enum Problem {
    /// In words; the flag's name is put before them.
    Value(String),
    /// Of a flag of precompiling; the message names it.
    Setting(SettingError),
}

/// Options on their way: what flags said so far.
#[derive(Debug)]
pub(super) struct Draft {
    /// Those that need no more.
    pub(super) options: BuildOptions,
    /// Where relative paths that were typed start.
    pub(super) folder: PathBuf,
    /// What `~` stands for.
    pub(super) home: Option<PathBuf>,
    /// `--spawn_strategy`
    pub(super) any_strategy: Vec<Sourced<StrategyName>>,
    /// `--strategy=PyCompile=…`
    pub(super) own_strategy: Vec<Sourced<StrategyName>>,
    /// `--worker_max_instances`
    pub(super) instances: PerMnemonic,
    /// `--worker_max_multiplex_instances`
    pub(super) multiplex_instances: PerMnemonic,
    /// `-o`
    pub(super) output: Option<PathBuf>,
    /// `--output` of `prepyc explain`
    pub(super) explain_format: ExplainFormat,
    /// `--format` of `prepyc report`
    pub(super) report_format: ReportFormat,
    /// `--rounds`
    pub(super) rounds: NonZeroUsize,
    /// `--import_time`
    pub(super) import_time: ImportTime,
    /// Which `.bazelrc` files are read.
    pub(super) rc: RcChoice,
}

/// A count for every mnemonic, and one for precompiling.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PerMnemonic {
    /// Without a mnemonic.
    any: Option<NonZeroUsize>,
    /// `PyCompile=`
    own: Option<NonZeroUsize>,
}

/// Whether `prepyc report` times imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportTime {
    /// It does.
    Measured,
    /// `--no_import_time`
    LeftOut,
}

/// Which `.bazelrc` files are read.
#[derive(Clone, Debug)]
pub(super) struct RcChoice {
    /// That of the workspace.
    pub(super) workspace: bool,
    /// That of the user.
    pub(super) home: bool,
    /// `--bazelrc`, in order.
    pub(super) files: Vec<PathBuf>,
    /// `--ignore_all_rc_files`
    pub(super) none: bool,
}

/// A flag of every command; the rest is filled in.
const fn flag(
    heading: &'static str,
    name: &'static str,
    takes: Takes,
    set: fn(&mut Draft, FlagValue<'_>) -> Result<(), Problem>,
    help: &'static str,
) -> FlagSpec {
    FlagSpec {
        name,
        aliases: &[],
        short: None,
        takes,
        heading,
        commands: &CommandName::ALL,
        help,
        more: "",
        set,
    }
}

/// Sets a flag of precompiling.
fn setting(draft: &mut Draft, name: &str, value: FlagValue<'_>) -> Result<(), Problem> {
    Ok(draft.options.flags.set(name, value.text, given(value.origin))?)
}

/// A value, and where it was given.
fn sourced<T>(value: T, from: FlagValue<'_>) -> Sourced<T> {
    Sourced { value, origin: from.origin.clone() }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Problem {
        Problem::Setting(error)
    }
}

impl From<String> for Problem {
    fn from(words: String) -> Problem {
        Problem::Value(words)
    }
}

impl PerMnemonic {
    /// What holds for precompiling.
    pub(super) fn resolved(self) -> Option<NonZeroUsize> {
        self.own.or(self.any)
    }
}

impl Draft {
    /// Before any flag.
    pub(super) fn new(options: BuildOptions, folder: PathBuf, home: Option<PathBuf>) -> Draft {
        Draft {
            options,
            folder,
            home,
            any_strategy: Vec::new(),
            own_strategy: Vec::new(),
            instances: PerMnemonic::default(),
            multiplex_instances: PerMnemonic::default(),
            output: None,
            explain_format: ExplainFormat::Text,
            report_format: ReportFormat::Text,
            rounds: const { NonZeroUsize::new(5).unwrap() },
            import_time: ImportTime::Measured,
            rc: RcChoice { workspace: true, home: true, files: Vec::new(), none: false },
        }
    }

    /// An absolute path: `~` is the user's folder, `%workspace%` the workspace's; others start in the current folder where
    /// they were typed, and in the workspace's where a `.bazelrc` says them.
    pub(super) fn path(&self, value: FlagValue<'_>) -> Result<PathBuf, Problem> {
        if value.text.is_empty() {
            return Err("a path has to follow".to_owned().into());
        }
        let root: &Path = &self.options.workspace.root;
        if let Some(path) = from_workspace(value.text, root) {
            return Ok(path);
        }
        if let Some(rest) =
            value.text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            let Some(home) = &self.home else {
                return Err(format!("{}: there is no HOME that ~ could stand for", value.text).into());
            };
            return Ok(home.join(rest.trim_start_matches('/')));
        }
        Ok(match value.origin {
            Origin::CommandLine => self.folder.join(value.text),
            Origin::File(_) => root.join(value.text),
        })
    }
}

impl FlagSpec {
    /// The flag of that name, among those of a command.
    pub(super) fn named(name: &str, command: CommandName) -> Option<&'static FlagSpec> {
        all().find(|flag| {
            flag.commands.contains(&command) && (flag.name == name || flag.aliases.contains(&name))
        })
    }

    /// The flag with that letter, among those of a command.
    pub(super) fn lettered(letter: char, command: CommandName) -> Option<&'static FlagSpec> {
        all().find(|flag| flag.commands.contains(&command) && flag.short == Some(letter))
    }
}

/// The name of a flag of `command` that a wrong one may have been meant for.
pub(super) fn similar(name: &str, command: CommandName) -> Option<&'static str> {
    let names = all()
        .filter(|flag| flag.commands.contains(&command))
        .flat_map(|flag| flag.aliases.iter().copied().chain([flag.name]));
    let scored = names.map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate));
    scored
        .filter(|&(score, _)| score > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}
