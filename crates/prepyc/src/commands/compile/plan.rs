//! Where every output goes, and that no two go to the same place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use prepyc_engine::{Layout, Optimize, Target, layout};

use super::settings::{Destination, Retention, Settings};
use crate::commands::discovery::{Found, OtherFile, OtherKind, SourceFile};
use crate::commands::path_text::shown;

/// So many collisions are shown; the first one already needs a decision.
const SHOWN_COLLISIONS: usize = 5;

/// A file to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyTask {
    /// What is copied.
    pub(crate) from: PathBuf,
    /// Where to.
    pub(crate) to: PathBuf,
    /// How.
    pub(crate) kind: OtherKind,
}

/// Where the pyc of this source and level goes.
pub(crate) fn pyc_path(
    settings: &Settings,
    target: &Target,
    source: &SourceFile,
    level: Optimize,
) -> PathBuf {
    let tag = &target.cache_tag;
    match &settings.destination {
        Destination::Beside => layout::pyc_path(&source.path, settings.layout, tag, level),
        Destination::Below { folder, .. } => {
            layout::pyc_path(&folder.join(&source.relative), settings.layout, tag, level)
        }
    }
}

/// Where the copy of this source goes, for `--copy`.
pub(crate) fn copied_source(settings: &Settings, source: &SourceFile) -> Option<CopyTask> {
    let Destination::Below { folder, .. } = &settings.destination else { return None };
    let to = folder.join(&source.relative);
    Some(CopyTask { from: source.path.clone(), to, kind: OtherKind::File })
}

/// The files to copy besides the sources; legacy pycs of sources that are there are left behind.
pub(crate) fn copied_others(settings: &Settings, found: &Found) -> Vec<CopyTask> {
    let Destination::Below { folder, .. } = &settings.destination else { return Vec::new() };
    if !settings.copies() {
        return Vec::new();
    }
    let to_task = |other: &OtherFile| CopyTask {
        from: other.path.clone(),
        to: folder.join(&other.relative),
        kind: other.kind.clone(),
    };
    found.others.iter().filter(|other| !is_pyc_with_source(&other.path)).map(to_task).collect()
}

/// Whether this is a legacy pyc whose source stands beside it.
fn is_pyc_with_source(path: &Path) -> bool {
    layout::origin(path).is_some_and(|origin| origin.layout == Layout::Legacy && origin.source.exists())
}

/// Refuses a run in which two outputs would get the same path, or `--out-dir` is no folder.
///
/// # Errors
/// The message names the output and what it would be made of.
pub(crate) fn check_outputs(
    settings: &Settings,
    target: &Target,
    found: &Found,
    others: &[CopyTask],
) -> anyhow::Result<()> {
    let Some(folder) = settings.out_dir() else { return Ok(()) };
    if fs::metadata(folder).is_ok_and(|metadata| !metadata.is_dir()) {
        bail!("--out-dir {}: it is no folder", shown(folder));
    }
    let mut outputs = Outputs::default();
    for source in &found.sources {
        for &level in &settings.levels {
            outputs.add(pyc_path(settings, target, source, level), &source.path);
        }
        if settings.copies() && settings.retention == Retention::Keep {
            outputs.add(folder.join(&source.relative), &source.path);
        }
    }
    for other in others {
        outputs.add(other.to.clone(), &other.from);
    }
    outputs.finish()
}

/// The outputs so far, and what they are made of.
#[derive(Debug, Default)]
struct Outputs<'a> {
    made_of: HashMap<PathBuf, &'a Path>,
    collisions: Vec<String>,
}

impl<'a> Outputs<'a> {
    fn add(&mut self, output: PathBuf, source: &'a Path) {
        match self.made_of.entry(output) {
            Entry::Vacant(entry) => {
                entry.insert(source);
            }
            Entry::Occupied(entry) => {
                let line =
                    format!("{} from {} and {}", shown(entry.key()), shown(entry.get()), shown(source));
                self.collisions.push(line);
            }
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        let count = self.collisions.len();
        if count == 0 {
            return Ok(());
        }
        let shown = self.collisions.into_iter().take(SHOWN_COLLISIONS).collect::<Vec<_>>().join("; ");
        let more = if count > SHOWN_COLLISIONS { format!(" ({count} in all)") } else { String::new() };
        bail!(
            "two outputs would get the same path below --out-dir: {shown}{more}; nothing was written. \
             Give the folder above as one PATH, or --exclude one of them"
        )
    }
}
