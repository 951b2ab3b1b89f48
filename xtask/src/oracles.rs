//! `cargo xtask oracles`: installs the real interpreters with `scripts/install-oracles`.

use std::path::PathBuf;
use std::process::Command;

use crate::workspace;

/// What `cargo xtask oracles` takes.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Where to put them; without it `$PREPYC_ORACLES`, then `~/.cache/prepyc-oracles`.
    directory: Option<PathBuf>,
}

/// Installs what is missing; a second call is quick.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let directory = arguments.directory.clone().unwrap_or_else(prepyc_testing::oracles_dir);
    workspace::run(Command::new(workspace::root().join("scripts/install-oracles")).arg(directory))
}
