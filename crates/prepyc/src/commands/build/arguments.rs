//! What can be typed after `prepyc build` and its neighbours, as clap's help, completions and man pages describe it.
//!
//! clap cannot read these words itself: flags may be labels (`--//my:flag=x`), and `.bazelrc` files add some that have to
//! be read alike. So clap gets all of them behind a `--`, unless help is wanted, and [`super::reading`] reads them.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand, value_parser};

use super::command_name::CommandName;
use super::flags::{self, FlagSpec, Takes};

/// The id of the argument that takes all words.
const WORDS: &str = "words";

/// One of the commands, and every word behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypedCommand {
    /// The command.
    pub(crate) command: CommandName,
    /// As typed.
    pub(crate) words: Vec<OsString>,
}

/// Puts a `--` before what only [`super::reading`] understands; where help is wanted, takes all else away.
pub(crate) fn sheltered(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = typed.into_iter().collect();
    if !words.get(1).is_some_and(|word| CommandName::ALL.iter().any(|command| word == command.word())) {
        return words;
    }
    let own = words[2..].iter().take_while(|word| *word != "--");
    let help =
        own.into_iter().find(|word| ["-h", "--help", "-V", "--version"].iter().any(|help| word == help));
    match help.cloned() {
        Some(help) => {
            words.truncate(2);
            words.push(help);
        }
        None => words.insert(2, "--".into()),
    }
    words
}

impl FromArgMatches for TypedCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<TypedCommand, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let command =
            CommandName::ALL.into_iter().find(|command| command.word() == name).ok_or_else(missing)?;
        let words = matches.get_many::<OsString>(WORDS).into_iter().flatten().cloned().collect();
        Ok(TypedCommand { command, words })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = TypedCommand::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for TypedCommand {
    fn augment_subcommands(parent: Command) -> Command {
        CommandName::ALL.into_iter().fold(parent, |parent, command| parent.subcommand(described(command)))
    }

    fn augment_subcommands_for_update(parent: Command) -> Command {
        TypedCommand::augment_subcommands(parent)
    }

    fn has_subcommand(name: &str) -> bool {
        CommandName::ALL.iter().any(|command| command.word() == name)
    }
}

/// A command as clap describes it.
fn described(name: CommandName) -> Command {
    let words = Arg::new(WORDS)
        .num_args(0..)
        .value_parser(value_parser!(OsString))
        .value_name(operand(name))
        .help(about_operand(name));
    let flags = flags::all().filter(|flag| flag.commands.contains(&name)).map(argument);
    let (about, more) = about(name);
    Command::new(name.word())
        .about(about)
        .long_about(format!("{about}\n\n{more}"))
        .override_usage(usage(name))
        .after_help(after_help(name))
        .arg(words)
        .args(flags)
}

/// A flag as clap describes it; it is never read by it.
fn argument(flag: &FlagSpec) -> Arg {
    let argument = Arg::new(flag.name)
        .long(flag.name)
        .short(flag.short)
        .visible_aliases(flag.aliases.iter().copied())
        .help(flag.help)
        .help_heading(flag.heading);
    let argument = match flag.more {
        "" => argument,
        more => argument.long_help(format!("{}\n\n{more}", flag.help)),
    };
    match flag.takes {
        Takes::Value(form) => argument.action(ArgAction::Append).value_name(form),
        Takes::Truth => argument.action(ArgAction::SetTrue),
    }
}

fn operand(name: CommandName) -> &'static str {
    match name {
        CommandName::Build | CommandName::Test | CommandName::Explain => "TARGET_PATTERNS",
        CommandName::Run | CommandName::Zip | CommandName::Report => "TARGET",
    }
}

fn about_operand(name: CommandName) -> &'static str {
    match name {
        CommandName::Build | CommandName::Test | CommandName::Explain => {
            "Which targets: //a:b, //a (is //a:a), //a/..., //a:all, :b, a/b, @repo//a; behind `--` also -//a/..."
        }
        CommandName::Run => "One py_binary or py_test: //app:tool, //app, :tool, app/tool",
        CommandName::Zip | CommandName::Report => "One py_binary or py_test: //app:tool, //app, :tool",
    }
}

fn usage(name: CommandName) -> &'static str {
    match name {
        CommandName::Build => "prepyc build [FLAGS] [--] TARGET_PATTERNS...",
        CommandName::Run => "prepyc run [FLAGS] TARGET [-- ARGS...]",
        CommandName::Test => "prepyc test [FLAGS] [--] TARGET_PATTERNS...",
        CommandName::Zip => "prepyc zip [FLAGS] TARGET [-o FILE]",
        CommandName::Explain => "prepyc explain [FLAGS] [--] TARGET_PATTERNS...",
        CommandName::Report => "prepyc report [FLAGS] TARGET [-o FILE]",
    }
}

/// What a command is for, in a line and in full.
fn about(name: CommandName) -> (&'static str, &'static str) {
    match name {
        CommandName::Build => (
            "Build the Python targets of a Bazel workspace: their pycs, runfiles and launchers, without Bazel",
            "Reads MODULE.bazel, BUILD and .bzl files and resolves the flags and attributes of precompiling as \
             rules_python does. Outputs are in prepyc-out/bin. What is up to date is left alone.",
        ),
        CommandName::Run => (
            "Build a binary or test, and run it",
            "The program gets the target's own `args` and then ARGS, runs in its runfiles, and its exit code is prepyc's.",
        ),
        CommandName::Test => (
            "Build tests, and run them",
            "Each test runs in its own runfiles with Bazel's environment for tests (TEST_TMPDIR, TESTBRIDGE_TEST_ONLY …). \
             Test suites stand for their tests.",
        ),
        CommandName::Zip => (
            "Build a binary, and pack it with its runfiles into one file that runs",
            "The file needs the target's Python and nothing else. The same inputs make the same bytes.",
        ),
        CommandName::Explain => (
            "Say for each source whether it is compiled, and which rule decided",
            "Nothing is compiled. What is said is what `prepyc build` with the same flags would do.",
        ),
        CommandName::Report => (
            "Say what precompiling costs and saves: files, bytes and import time, with pycs and without",
            "Builds the binary and compares it, by package, with what it would be without pycs and without\nsources. Where --precompile is not given, it is enabled. The imports are timed in processes that\nimport what the main file imports.",
        ),
    }
}

fn after_help(name: CommandName) -> String {
    let examples = match name {
        CommandName::Build => {
            "prepyc build //...
      everything
  prepyc build --precompile=enabled -c opt //app
      pycs for all of //app and what it depends on, never checked against the sources
  prepyc build --pip_hub pip=.venv/lib/python3.13/site-packages //app
      with the distributions of a virtual environment
  prepyc build -- //... -//third_party/...
      everything but one folder"
        }
        CommandName::Run => {
            "prepyc run //app -- --port 8080
      builds //app:app and runs it with these arguments"
        }
        CommandName::Test => {
            "prepyc test //...
      every test
  prepyc test --test_output=errors --test_tag_filters=-slow //app/...
      those below one folder without the tag slow, and the logs of those that fail"
        }
        CommandName::Zip => {
            "prepyc zip --pyc_only=enabled -c opt //app -o app.zip
      one file without sources"
        }
        CommandName::Explain => {
            "prepyc explain //app
      why each source of //app and of what it depends on is compiled or not
  prepyc explain --output=json //...
      the same of everything, for programs"
        }
        CommandName::Report => {
            "prepyc report //app
      a table
  prepyc report --format=html -o report.html //app
      a page with a treemap"
        }
    };
    let exit_codes = match name {
        CommandName::Run => {
            "Exit codes: the program's; before it starts 1 a source was rejected or an action failed; 2 usage or environment."
        }
        CommandName::Test => {
            "Exit codes: 0 every test passed; 1 a test or an action failed; 2 usage or environment."
        }
        _ => "Exit codes: 0 done; 1 a source was rejected or an action failed; 2 usage or environment.",
    };
    format!(
        "Flags are spelled as in Bazel: --flag=VALUE or --flag VALUE, --flag and --noflag. A flag that is a target is \
         named by its label: --//my:flag=VALUE, --no//my:flag, --@rules_python//python/config_settings:precompile=enabled. \
         .bazelrc files are read first ({}), so what is typed wins.\n\nExamples:\n  {examples}\n\n{exit_codes}",
        name.sections()[1..].join(", ")
    )
}
