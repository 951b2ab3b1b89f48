//! The project's folder: where it is, which files it tracks, and how commands run in it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

/// The folder of the clone that cargo runs this program for, else of the one it was built in.
pub(crate) fn root() -> PathBuf {
    let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = running.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    manifest.parent().expect("xtask stands in the workspace's folder").to_owned()
}

/// Runs a command to its end and fails, naming it, where it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
