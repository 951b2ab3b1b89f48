//! The workspace that a command is typed in: the nearest folder, upwards, with a file that marks a workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The files that mark the topmost folder of a workspace, as Bazel has them.
const MARKERS: [&str; 4] = ["MODULE.bazel", "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE"];

/// A workspace, and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workspace {
    /// Its topmost folder: absolute, links resolved.
    pub(crate) root: PathBuf,
    /// Where the command was typed: below the root, with `/`; empty for the root itself.
    pub(crate) here: String,
}

impl Workspace {
    /// The workspace that `folder` is in.
    ///
    /// # Errors
    /// There is none, or the way to `folder` is no UTF-8, which no label can be.
    pub(crate) fn around(folder: &Path) -> anyhow::Result<Workspace> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot tell what the folder {} is", folder.display()))?;
        let marks = |candidate: &Path| MARKERS.iter().any(|marker| candidate.join(marker).is_file());
        let Some(root) = folder.ancestors().find(|candidate| marks(candidate)) else {
            bail!(
                "{} is in no workspace: neither it nor a folder above has a {}",
                folder.display(),
                MARKERS.join(", ")
            );
        };
        let below = folder.strip_prefix(root).expect("it is an ancestor");
        let Some(here) = below.to_str() else {
            bail!("{}: a folder whose name is no UTF-8 can hold no package", folder.display());
        };
        Ok(Workspace { root: root.to_owned(), here: here.to_owned() })
    }
}
