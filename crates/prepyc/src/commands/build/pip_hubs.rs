//! `--pip_hub NAME=DIR`: repositories made of what is installed in a folder.

use prepyc_loading::Workspace;

use super::options::BuildOptions;

/// Adds the hubs that were given.
pub(super) fn add(_workspace: &mut Workspace, _options: &BuildOptions) -> anyhow::Result<()> {
    Ok(())
}
