//! Placeholder, replaced with the chore.

/// Runs the chore.
pub(crate) fn run() -> anyhow::Result<()> {
    anyhow::bail!("nothing here yet")
}
