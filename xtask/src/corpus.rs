//! Placeholder, replaced with the chore.

/// What `cargo xtask corpus` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Runs the chore.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("nothing here yet")
}
