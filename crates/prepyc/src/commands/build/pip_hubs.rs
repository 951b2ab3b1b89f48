//! `--pip_hub NAME=DIR`: repositories made of what is installed in a folder.

use anyhow::Context as _;
use prepyc_loading::{Workspace, add_pip_hub};

use super::options::BuildOptions;

/// Adds the hubs that were given.
///
/// # Errors
/// A folder that cannot be read, or that holds no distribution.
pub(super) fn add(workspace: &mut Workspace, options: &BuildOptions) -> anyhow::Result<()> {
    for (name, folder) in &options.pip_hubs {
        let given = || format!("{}: --pip_hub={name}={}", folder.origin, folder.value.display());
        add_pip_hub(workspace, name, &folder.value).with_context(given)?;
    }
    Ok(())
}
