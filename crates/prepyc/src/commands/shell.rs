//! What packagers put beside the binary: shell completions and man pages, made from the arguments themselves.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::console::Console;
use super::{CommandLine, ExitStatus};

/// Print the completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionArguments {
    /// The shell that will read it
    shell: Shell,
}

/// Write the man pages, one a command, into a folder
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// The folder, made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// `prepyc completions SHELL`.
pub(crate) fn write_completions(
    arguments: &CompletionArguments,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut CommandLine::command(), "prepyc", &mut script);
    console.out_bytes(&script)?;
    Ok(ExitStatus::Done)
}

/// `prepyc man DIR`.
pub(crate) fn write_man_pages(arguments: &ManArguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    clap_mangen::generate_to(CommandLine::command(), dir)
        .with_context(|| format!("cannot write man pages to {}", dir.display()))?;
    console.err_line(&format!("man pages written to {}", dir.display()));
    Ok(ExitStatus::Done)
}
