//! Whether a file goes: what its name says it is, and what its header says of its source.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use prepyc_bytecode::{Invalidation, PycHeader};
use prepyc_engine::layout::{Layout, PycOrigin, origin};
use prepyc_engine::publish::is_temporary_name;
use prepyc_engine::{Freshness, InvalidationMode, staleness};
use prepyc_version::PyRelease;

use crate::commands::path_text::shown;

/// A temporary file is written and renamed within seconds; one this old belongs to no run that still works.
const SAFE_AGE: Duration = Duration::from_secs(60 * 60);

/// What was asked to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) stale: bool,
    pub(super) orphaned: bool,
    pub(super) temporary: bool,
    pub(super) all: bool,
    pub(super) legacy: bool,
    pub(super) sourceless: bool,
}

/// Why a file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What it is.
    pub(super) kind: Kind,
    /// For people.
    pub(super) why: String,
}

/// What a file that goes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A pyc that no longer belongs to its source.
    Stale,
    /// A pyc without a source.
    Orphaned,
    /// Left behind by a killed run.
    Temporary,
    /// A good pyc that goes because all do.
    Other,
}

/// Decides about one regular file; `None`: it stays.
pub(super) fn judge_file(path: &Path, wanted: &Wanted, now: SystemTime) -> Option<Verdict> {
    if is_temporary_name(path.file_name()?) {
        let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        let is_old = now.duration_since(modified).is_ok_and(|age| age >= SAFE_AGE);
        let why = "left behind by a run that was killed".to_owned();
        return (wanted.temporary && is_old).then_some(Verdict { kind: Kind::Temporary, why });
    }
    let origin = origin(path)?;
    let source_exists = fs::symlink_metadata(&origin.source).is_ok();
    if origin.layout == Layout::Legacy {
        let asked_for = if source_exists { wanted.legacy } else { wanted.sourceless };
        if !asked_for {
            return None;
        }
    }
    if !source_exists {
        let why = format!("there is no {}", shown(&origin.source));
        return (wanted.orphaned || wanted.all).then_some(Verdict { kind: Kind::Orphaned, why });
    }
    match why_stale(path, &origin) {
        Some(why) => (wanted.stale || wanted.all).then_some(Verdict { kind: Kind::Stale, why }),
        None => wanted.all.then(|| Verdict { kind: Kind::Other, why: "all go".to_owned() }),
    }
}

/// Why this pyc does not belong to its source as it is now; `None` where it does, or that can't be told.
fn why_stale(path: &Path, origin: &PycOrigin) -> Option<String> {
    let mut bytes = Vec::with_capacity(PycHeader::LENGTH);
    File::open(path).ok()?.take(PycHeader::LENGTH as u64).read_to_end(&mut bytes).ok()?;
    let known = origin.cache_tag.as_ref().and_then(|tag| {
        PyRelease::ALL.into_iter().find(|release| tag.to_str() == Some(release.cache_tag().as_str()))
    });
    let header = match PycHeader::decode(&bytes) {
        Ok(header) => header,
        // What another implementation writes under its own tag is not ours to judge.
        Err(error) => return (known.is_some() || origin.layout == Layout::Legacy).then(|| error.to_string()),
    };
    if let Some(release) = known
        && release.magic() != header.magic
    {
        return Some(format!("it is not of Python {release}, as its name says"));
    }
    let mode = match header.invalidation {
        Invalidation::Timestamp { .. } => InvalidationMode::Timestamp,
        Invalidation::CheckedHash(_) => InvalidationMode::CheckedHash,
        Invalidation::UncheckedHash(_) => InvalidationMode::UncheckedHash,
    };
    match staleness::judge(path, &origin.source, mode, header.magic) {
        Ok(Freshness::Stale(reason)) => Some(reason.to_string()),
        Ok(Freshness::Fresh) | Err(_) => None,
    }
}
