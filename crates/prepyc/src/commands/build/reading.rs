//! From the words of `.bazelrc` files and of the command line to options: what comes later wins, and what was typed comes last.
//!
//! Every word is read by the same code wherever it stands. What differs is what an unknown flag means: in a `.bazelrc` it
//! is one of Bazel's that means nothing here, on the command line a mistake.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use prepyc_loading::bazelrc::{Absent, Origin, RcFile, RcFiles, Surroundings, Word};
use prepyc_plan::{Flags, SettingError};

use super::arguments::TypedCommand;
use super::command_name::CommandName;
use super::flags::{Draft, FlagSpec, FlagValue, ImportTime, Problem, Takes, similar, truth};
use super::label_flags::{self, is_label_flag};
use super::options::{BuildOptions, Invocation, Request, Sourced, given};
use super::patterns::Pattern;
use super::workspace::Workspace;

/// How many words all expansions of `--config` may come to: two of each in the next one double with each step.
const MAX_WORDS: usize = 100_000;
/// How many configurations may expand to one another in a row.
const MAX_CONFIG_DEPTH: usize = 50;

/// What the world says, gathered once.
pub(crate) struct Environment {
    /// The current folder: absolute.
    pub(crate) folder: PathBuf,
    /// `HOME`.
    pub(crate) home: Option<PathBuf>,
    /// The value of an environment variable.
    pub(crate) variable: fn(&str) -> Option<String>,
}

impl Environment {
    /// What this process was started in.
    ///
    /// # Errors
    /// The current folder is gone.
    pub(crate) fn of_process() -> anyhow::Result<Environment> {
        Ok(Environment {
            folder: env::current_dir().context("cannot tell the working directory")?,
            home: env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            variable: |name| env::var(name).ok(),
        })
    }
}

/// Reads `.bazelrc` files and what was typed.
///
/// # Errors
/// The first word that is wrong, with where it stands: `.bazelrc:3: …`, `command line: …`.
pub(crate) fn read(typed: TypedCommand, environment: &Environment) -> anyhow::Result<Invocation> {
    let TypedCommand { command, words } = typed;
    let workspace = Workspace::around(&environment.folder)?;
    let (words, behind_dashes) = split_at_dashes(words)?;
    let typed_items = read_words(words, command)?;

    let mut draft =
        Draft::new(BuildOptions::unset(workspace), environment.folder.clone(), environment.home.clone());
    let rc_files = read_rc_files(&mut draft, &typed_items, environment)?;
    let mut expansion = Expansion { command, rc_files: &rc_files, open: Vec::new(), words: 0 };
    let mut operands = Vec::new();
    let rc_items = read_words(rc_files.words(&command.sections()), command)?;
    draft.rc.files.clear();
    for item in rc_items.into_iter().chain(typed_items) {
        expansion.apply(item, &mut draft, &mut operands)?;
    }
    finish(command, draft, &operands, behind_dashes)
}

/// One flag or operand, recognised.
enum Item {
    /// A flag of the table.
    Flag(&'static FlagSpec, Word),
    /// A flag that is a target; the word is all of it.
    LabelFlag(Word),
    /// What is no flag.
    Operand(Word),
    /// A flag that means nothing here.
    Ignored(Word),
}

/// What stands before the first `--`, as text, and what stands behind it, if there is one.
fn split_at_dashes(words: Vec<OsString>) -> anyhow::Result<(Vec<Word>, Option<Vec<OsString>>)> {
    let mut words = words.into_iter();
    let mut before = Vec::new();
    for word in words.by_ref() {
        if word == "--" {
            return Ok((before, Some(words.collect())));
        }
        let text = word
            .into_string()
            .map_err(|word| anyhow!("command line: {:?} is no UTF-8", word.to_string_lossy()))?;
        before.push(Word { text, origin: Origin::CommandLine });
    }
    Ok((before, None))
}

/// Recognises words that all come from files, or all from the command line.
fn read_words(words: Vec<Word>, command: CommandName) -> anyhow::Result<Vec<Item>> {
    let mut words = VecDeque::from(words);
    let mut items = Vec::with_capacity(words.len());
    while let Some(word) = words.pop_front() {
        let item = if is_label_flag(&word.text) {
            Item::LabelFlag(word)
        } else if let Some(long) = word.text.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (long.to_owned(), None),
            };
            read_flag(&name, value, word, &mut words, command)?
        } else if word.text.len() > 1 && word.text.starts_with('-') {
            read_letter(word, &mut words, command)?
        } else {
            Item::Operand(word)
        };
        items.push(item);
    }
    Ok(items)
}

/// `--name` or `--name=value`, which is what `word` says.
fn read_flag(
    name: &str,
    value: Option<String>,
    word: Word,
    rest: &mut VecDeque<Word>,
    command: CommandName,
) -> anyhow::Result<Item> {
    if let Some(flag) = FlagSpec::named(name, command) {
        return with_value(flag, value, word, rest);
    }
    let negated = name.strip_prefix("no").map(|name| name.strip_prefix('_').unwrap_or(name));
    let negated = negated.and_then(|name| FlagSpec::named(name, command));
    if let Some(flag) = negated.filter(|flag| flag.takes == Takes::Truth) {
        if value.is_some() {
            bail!("{}: {}: a flag with `no` before it takes no value", word.origin, word.text);
        }
        return Ok(Item::Flag(flag, Word { text: "false".to_owned(), ..word }));
    }
    if let Some(Err(error @ SettingError::RemovedFlag { .. })) =
        value.as_deref().map(|value| Flags::unset().set(name, value, given(&word.origin)))
    {
        bail!("{}: {error}", word.origin);
    }
    unknown(name, value.is_some(), word, rest, command)
}

/// `-k`, `-c opt`, `-copt`.
fn read_letter(word: Word, rest: &mut VecDeque<Word>, command: CommandName) -> anyhow::Result<Item> {
    let mut characters = word.text.chars().skip(1);
    let letter = characters.next().unwrap_or_default();
    let behind: String = characters.collect();
    match FlagSpec::lettered(letter, command) {
        Some(flag) if flag.takes == Takes::Truth && !behind.is_empty() => {
            bail!("{}: {}: nothing can follow -{letter}", word.origin, word.text)
        }
        Some(flag) => with_value(flag, Some(behind).filter(|text| !text.is_empty()), word, rest),
        None if word.origin == Origin::CommandLine && (letter == '/' || word.text.contains("...")) => {
            bail!("command line: {}: targets to leave out stand behind `--`", word.text)
        }
        None => unknown(&word.text[1..], false, word.clone(), rest, command),
    }
}

/// A flag of the table, with its value: behind the `=`, or the next word.
fn with_value(
    flag: &'static FlagSpec,
    value: Option<String>,
    word: Word,
    rest: &mut VecDeque<Word>,
) -> anyhow::Result<Item> {
    let text = match (flag.takes, value) {
        (_, Some(value)) => value,
        (Takes::Truth, None) => "true".to_owned(),
        (Takes::Value(form), None) => match rest.pop_front() {
            Some(next) => next.text,
            None => bail!("{}: {}: a value has to follow ({form})", word.origin, word.text),
        },
    };
    Ok(Item::Flag(flag, Word { text, ..word }))
}

/// A flag that is not in the table: a mistake where it was typed, else one of Bazel's; then the next word may be its value.
fn unknown(
    name: &str,
    has_value: bool,
    word: Word,
    rest: &mut VecDeque<Word>,
    command: CommandName,
) -> anyhow::Result<Item> {
    if word.origin == Origin::CommandLine {
        let typed = word.text.split('=').next().unwrap_or(&word.text);
        match similar(name, command) {
            Some(similar) => bail!("command line: {typed}: there is no such flag; did you mean --{similar}?"),
            None => {
                bail!("command line: {typed}: there is no such flag; see prepyc {} --help", command.word())
            }
        }
    }
    let same_line = |next: &&Word| next.origin == word.origin && !next.text.starts_with('-');
    if !has_value && rest.front().as_ref().is_some_and(same_line) {
        let value = rest.pop_front().map(|next| next.text).unwrap_or_default();
        return Ok(Item::Ignored(Word { text: format!("{} {value}", word.text), ..word }));
    }
    Ok(Item::Ignored(word))
}

/// Reads the files that typed flags leave to be read, after their own: flags in files cannot name further files.
fn read_rc_files(draft: &mut Draft, typed: &[Item], environment: &Environment) -> anyhow::Result<RcFiles> {
    for item in typed {
        if let Item::Flag(flag, word) = item
            && matches!(flag.name, "bazelrc" | "workspace_rc" | "home_rc" | "ignore_all_rc_files")
        {
            set(flag, word, draft)?;
        }
    }
    let root = draft.options.workspace.root.clone();
    let mut files = Vec::new();
    if !draft.rc.none {
        let home = environment.home.iter().filter(|_| draft.rc.home);
        let workspace = Some(&root).into_iter().filter(|_| draft.rc.workspace);
        files.extend(
            workspace
                .chain(home)
                .map(|folder| RcFile { path: folder.join(".bazelrc"), absent: Absent::Fine }),
        );
        let named = draft.rc.files.iter().take_while(|path| path.as_os_str() != "/dev/null");
        files.extend(named.map(|path| RcFile { path: path.clone(), absent: Absent::Error }));
    }
    let surroundings =
        Surroundings { workspace: &root, folder: &environment.folder, variable: &environment.variable };
    Ok(RcFiles::read(&files, surroundings)?)
}

/// Putting in the place of `--config` what it stands for.
struct Expansion<'a> {
    command: CommandName,
    rc_files: &'a RcFiles,
    /// The configurations that are being expanded, each by the one before it.
    open: Vec<String>,
    /// How many words were expanded so far.
    words: usize,
}

impl Expansion<'_> {
    fn apply(&mut self, item: Item, draft: &mut Draft, operands: &mut Vec<Word>) -> anyhow::Result<()> {
        match item {
            Item::Flag(flag, word) if flag.name == "config" => {
                let Some(words) = self.rc_files.config(&self.command.sections(), &word.text) else {
                    bail!("{}: --config={}: {}", word.origin, word.text, self.no_such_config());
                };
                self.expand(&word, words, draft, operands)
            }
            Item::Flag(flag, word) if flag.name == "enable_platform_specific_config" => {
                set(flag, &word, draft)?;
                let machine = Word { text: env::consts::OS.to_owned(), ..word };
                match self.rc_files.config(&self.command.sections(), &machine.text) {
                    Some(words) if truth(&word.text).is_ok_and(|wanted| wanted) => {
                        self.expand(&machine, words, draft, operands)
                    }
                    _ => Ok(()),
                }
            }
            Item::Flag(flag, word) => set(flag, &word, draft),
            Item::LabelFlag(word) => label_flags::set(&word, draft),
            Item::Operand(word) if word.origin != Origin::CommandLine => {
                bail!("{}: {:?} is no flag; targets are named on the command line", word.origin, word.text)
            }
            Item::Operand(word) => {
                operands.push(word);
                Ok(())
            }
            Item::Ignored(word) => {
                draft.options.ignored.push(Sourced { value: word.text, origin: word.origin });
                Ok(())
            }
        }
    }

    fn expand(
        &mut self,
        config: &Word,
        words: Vec<Word>,
        draft: &mut Draft,
        operands: &mut Vec<Word>,
    ) -> anyhow::Result<()> {
        let Word { text: name, origin } = config;
        if let Some(start) = self.open.iter().position(|open| open == name) {
            let circle = self.open[start..].join(" -> ");
            bail!("{origin}: --config={name}: it expands to itself: {circle} -> {name}");
        }
        self.words += words.len();
        if self.open.len() >= MAX_CONFIG_DEPTH || self.words > MAX_WORDS {
            bail!("{origin}: --config={name}: configurations expand to one another without end");
        }
        self.open.push(name.clone());
        for item in read_words(words, self.command)? {
            self.apply(item, draft, operands)?;
        }
        self.open.pop();
        Ok(())
    }

    fn no_such_config(&self) -> String {
        match &self.rc_files.config_names(&self.command.sections())[..] {
            [] => "no .bazelrc has a section of that name, or of any".to_owned(),
            names => format!("no .bazelrc has a section of that name (there are {})", names.join(", ")),
        }
    }
}

/// Lets a flag take its value.
fn set(flag: &FlagSpec, word: &Word, draft: &mut Draft) -> anyhow::Result<()> {
    let value = FlagValue { text: &word.text, origin: &word.origin };
    (flag.set)(draft, value).map_err(|problem| explained(problem, flag.name, &word.origin))
}

/// A problem with a flag as an error that says where.
pub(super) fn explained(problem: Problem, flag: &str, origin: &Origin) -> anyhow::Error {
    match problem {
        Problem::Value(words) => anyhow!("{origin}: --{flag}: {words}"),
        Problem::Setting(error) => anyhow!("{origin}: {error}"),
    }
}

/// What the draft comes to, and which targets it is for.
fn finish(
    command: CommandName,
    mut draft: Draft,
    operands: &[Word],
    behind_dashes: Option<Vec<OsString>>,
) -> anyhow::Result<Invocation> {
    draft.options.flags.check()?;
    let own_strategy = std::mem::take(&mut draft.own_strategy);
    let any_strategy = std::mem::take(&mut draft.any_strategy);
    draft.options.execution.strategies = if own_strategy.is_empty() { any_strategy } else { own_strategy };
    draft.options.execution.worker_max_instances = draft.instances.resolved();
    draft.options.execution.worker_max_multiplex_instances = draft.multiplex_instances.resolved();

    let here = draft.options.workspace.here.clone();
    let mut operands: VecDeque<OsString> = operands.iter().map(|word| word.text.clone().into()).collect();
    if command == CommandName::Run {
        let mut behind = VecDeque::from(behind_dashes.unwrap_or_default());
        let target = operands.pop_front().or_else(|| behind.pop_front());
        let target = single(command, Vec::from_iter(target), &here)?;
        let arguments = operands.into_iter().chain(behind).collect();
        return Ok(Invocation { request: Request::Run { target, arguments }, options: draft.options });
    }
    operands.extend(behind_dashes.unwrap_or_default());
    let operands = Vec::from(operands);
    let request = match command {
        CommandName::Build => Request::Build { patterns: several(command, operands, &here)? },
        CommandName::Test => Request::Test { patterns: several(command, operands, &here)? },
        CommandName::Explain => {
            Request::Explain { patterns: several(command, operands, &here)?, format: draft.explain_format }
        }
        CommandName::Zip => {
            Request::Zip { target: single(command, operands, &here)?, output: draft.output.take() }
        }
        CommandName::Report | CommandName::Run => Request::Report {
            target: single(command, operands, &here)?,
            format: draft.report_format,
            output: draft.output.take(),
            rounds: Some(draft.rounds).filter(|_| draft.import_time == ImportTime::Measured),
        },
    };
    Ok(Invocation { request, options: draft.options })
}

fn several(command: CommandName, operands: Vec<OsString>, here: &str) -> anyhow::Result<Vec<Pattern>> {
    if operands.is_empty() {
        bail!("prepyc {}: say which targets, such as //... for all", command.word());
    }
    operands
        .into_iter()
        .map(|operand| {
            let text = operand
                .into_string()
                .map_err(|text| anyhow!("command line: {:?} is no UTF-8", text.to_string_lossy()))?;
            Pattern::read(&text, here).map_err(|error| anyhow!("command line: {error}"))
        })
        .collect()
}

fn single(command: CommandName, operands: Vec<OsString>, here: &str) -> anyhow::Result<Pattern> {
    let word = command.word();
    if operands.is_empty() {
        bail!("prepyc {word}: say which target, such as //app");
    }
    match &mut several(command, operands, here)?[..] {
        [pattern] if pattern.is_single() => Ok(pattern.clone()),
        [pattern] => bail!("command line: {pattern}: prepyc {word} takes the label of one target"),
        [_, second, ..] => bail!("command line: {second}: prepyc {word} takes one target"),
        [] => bail!("prepyc {word}: say which target, such as //app"),
    }
}

#[cfg(test)]
mod tests;
