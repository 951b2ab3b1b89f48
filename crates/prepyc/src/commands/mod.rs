//! The command line `prepyc`: which commands there are, and what becomes of their outcome.
//!
//! Each command is one file or folder: arguments (what was typed), settings (what it means), run, report.
//! An error that reaches this file is printed once, with its causes, and ends the process with 2.

mod build;
mod clean;
mod compile;
mod console;
mod diff;
mod discovery;
mod exit;
mod files;
mod inspect;
mod interrupt;
mod ordered;
mod path_text;
mod pyc_file;
mod shell;
mod target;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::Console;
pub(crate) use exit::ExitStatus;

/// What `--help` says below the list of commands.
const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 some source was rejected, failed or is stale; 2 usage or environment.
`prepyc COMMAND --help` describes a command in full.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "prepyc", version, about, after_help = AFTER_HELP, arg_required_else_help = true)]
#[command(propagate_version = true, disable_help_subcommand = true, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compile(Box<compile::Arguments>),
    #[command(flatten)]
    Build(build::TypedCommand),
    Verify(Box<verify::Arguments>),
    Clean(clean::Arguments),
    Inspect(inspect::Arguments),
    Diff(diff::Arguments),
    Completions(shell::CompletionArguments),
    Man(shell::ManArguments),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let command_line = CommandLine::parse_from(build::sheltered(std::env::args_os()));
    let mut console = Console::new();
    let result = match command_line.command {
        Command::Compile(arguments) => compile::run(*arguments, &mut console),
        Command::Build(typed) => build::run(typed, &mut console),
        Command::Verify(arguments) => verify::run(*arguments, &mut console),
        Command::Clean(arguments) => clean::run(&arguments, &mut console),
        Command::Inspect(arguments) => inspect::run(&arguments, &mut console),
        Command::Diff(arguments) => diff::run(&arguments, &mut console),
        Command::Completions(arguments) => shell::write_completions(&arguments, &mut console),
        Command::Man(arguments) => shell::write_man_pages(&arguments, &mut console),
    };
    let result = result.and_then(|status| console.finish().map(|()| status));
    match result {
        Ok(status) => status.into(),
        Err(error) if console::is_broken_pipe(&error) => ExitStatus::BrokenPipe.into(),
        Err(error) => {
            console.error_chain(&error);
            ExitStatus::Unusable.into()
        }
    }
}
