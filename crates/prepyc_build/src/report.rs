//! What pycs cost and what they save: files and bytes of a binary by package, and the time its imports take.
//!
//! Three binaries are compared: without pycs (every source, no pyc), as it ships, and without sources (one pyc for each
//! module that has one). JSON is stable: fields are added, never renamed; `format` grows where that can't be.

mod html;
mod import_time;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use prepyc_plan::Label;
use serde::Serialize;

use crate::content::{ProgramContent, ShippedKind};
use crate::runfiles::{RunfilesEntry, RunfilesTree};

pub use import_time::{
    Comparison, ImportFailure, ImportMeasurement, ImportTimes, Milliseconds, measure_imports,
};

/// What a file of a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A Python source.
    Source,
    /// A pyc.
    Pyc,
    /// Anything else.
    Data,
}

/// A file that ships, as whoever built the binary knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedFile {
    /// Its runfiles path.
    pub path: String,
    /// Where it is on disk; none for an empty file.
    pub file: Option<PathBuf>,
    /// What it is.
    pub kind: FileKind,
    /// Whose it is: a distribution's name or a package's label.
    pub package: String,
    /// For a pyc, the source it was made from, whether that ships or not: its runfiles path and where it is on disk.
    pub source: Option<(String, PathBuf)>,
}

/// The package's name of files that no target has: the empty `__init__.py` that a tree of runfiles may be given.
const NO_PACKAGE: &str = "(empty __init__.py)";

/// The files of a tree, as a report counts them.
pub fn shipped_files(tree: &RunfilesTree, content: &ProgramContent) -> Vec<ShippedFile> {
    let shipped = tree.entries().iter().map(|(path, entry)| {
        let (file, made_empty) = match entry {
            RunfilesEntry::File(file) => (Some(file.clone()), false),
            RunfilesEntry::Empty => (None, true),
        };
        let known = content.files.get(path).filter(|_| !made_empty);
        ShippedFile {
            path: path.clone(),
            file,
            kind: match known.map(|known| known.kind) {
                Some(ShippedKind::Pyc) => FileKind::Pyc,
                Some(ShippedKind::Source) | None => FileKind::Source,
                // Data that a Python could import counts as what it is to it.
                Some(ShippedKind::Data) if path.ends_with(".py") => FileKind::Source,
                Some(ShippedKind::Data) if path.ends_with(".pyc") => FileKind::Pyc,
                Some(ShippedKind::Executable | ShippedKind::Data) => FileKind::Data,
            },
            package: known.map_or_else(|| NO_PACKAGE.to_owned(), |known| package_of(&known.owner)),
            source: known
                .and_then(|known| known.source.as_ref())
                .map(|source| (source.runfiles_path.clone(), source.path.clone())),
        }
    });
    shipped.collect()
}

/// A label's package: `//app`, `@pip_requests//site-packages`.
fn package_of(label: &Label) -> String {
    let at = if label.repository().is_empty() { "" } else { "@" };
    format!("{at}{}//{}", label.repository(), label.package())
}

/// A number of files and their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Amount {
    /// How many files.
    pub files: u64,
    /// The sum of their sizes.
    pub size_bytes: u64,
}

/// The three binaries that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Amounts {
    /// With every source and no pyc.
    pub without_pycs: Amount,
    /// As it ships.
    pub shipped: Amount,
    /// With one pyc for each module that has one, in place of its source.
    pub without_sources: Amount,
}

/// What a package has in the binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageReport {
    /// Its name.
    pub name: String,
    /// Its files.
    #[serde(flatten)]
    pub amounts: Amounts,
}

/// A file of the binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its runfiles path.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Whose it is.
    pub package: String,
    /// Its size.
    pub size_bytes: u64,
    /// `false` for a source that its pyc stands for.
    pub ships: bool,
    /// Whether it would ship without pycs.
    pub ships_without_pycs: bool,
    /// Whether it would ship without sources.
    pub ships_without_sources: bool,
}

/// Everything that is told of a binary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form: 1.
    pub format: u32,
    /// The binary's label.
    pub target: String,
    /// All packages together.
    pub total: Amounts,
    /// Each package, the largest first as it ships.
    pub packages: Vec<PackageReport>,
    /// Each file, by path.
    pub files: Vec<FileReport>,
    /// The time that imports take; none where it was not measured.
    pub import_times: Option<ImportTimes>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system's no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A tree to import from could not be made.
    #[error(transparent)]
    Runfiles(#[from] crate::runfiles::RunfilesError),
    /// The interpreter that was to import did not do as it was told.
    #[error("import times: {interpreter}: {reason}")]
    Interpreter {
        /// Its path.
        interpreter: String,
        /// What happened.
        reason: String,
    },
}

impl ReportError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    }
}

impl Amount {
    fn add(&mut self, size_bytes: u64) {
        self.files += 1;
        self.size_bytes += size_bytes;
    }
}

impl Amounts {
    fn add(&mut self, file: &FileReport) {
        for (ships, amount) in [
            (file.ships_without_pycs, &mut self.without_pycs),
            (file.ships, &mut self.shipped),
            (file.ships_without_sources, &mut self.without_sources),
        ] {
            if ships {
                amount.add(file.size_bytes);
            }
        }
    }

    /// How many bytes more ship than would without pycs; negative where sources are left out and larger.
    pub fn overhead_bytes(&self) -> i64 {
        self.shipped.size_bytes.cast_signed() - self.without_pycs.size_bytes.cast_signed()
    }
}

impl Report {
    /// Measures the files. Import times can be added afterwards.
    ///
    /// # Errors
    /// Where a file isn't there.
    pub fn new(target: &str, shipped: &[ShippedFile]) -> Result<Report, ReportError> {
        let mut files = all_files(shipped)?;
        // One pyc for a module, the plainest name of several levels.
        let mut pyc_of = BTreeMap::new();
        for file in shipped.iter().filter(|file| file.kind == FileKind::Pyc) {
            if let Some((source, _)) = &file.source {
                let name = (file.path.len(), file.path.as_str());
                let known = pyc_of.entry(source.as_str()).or_insert(name);
                *known = name.min(*known);
            }
        }
        let chosen: BTreeSet<_> = pyc_of.values().map(|(_, path)| *path).collect();
        let alone: BTreeSet<_> = shipped
            .iter()
            .filter(|file| file.kind == FileKind::Pyc && file.source.is_none())
            .map(|file| file.path.as_str())
            .collect();
        for file in &mut files {
            let path = file.path.as_str();
            (file.ships_without_pycs, file.ships_without_sources) = match file.kind {
                FileKind::Source => (true, !pyc_of.contains_key(path)),
                // What came without a source is what it would be in any case.
                FileKind::Pyc => (alone.contains(path), alone.contains(path) || chosen.contains(path)),
                FileKind::Data => (true, true),
            };
        }
        let mut packages: BTreeMap<&str, Amounts> = BTreeMap::new();
        let mut total = Amounts::default();
        for file in &files {
            total.add(file);
            packages.entry(&file.package).or_default().add(file);
        }
        let mut packages: Vec<_> = packages
            .into_iter()
            .map(|(name, amounts)| PackageReport { name: name.to_owned(), amounts })
            .collect();
        packages.sort_by_key(|package| std::cmp::Reverse(package.amounts.shipped.size_bytes));
        Ok(Report { format: 1, target: target.to_owned(), total, packages, files, import_times: None })
    }

    /// The report as JSON, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: nothing in it has no form in JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has a form in JSON") + "\n"
    }
}

/// The files that ship and the sources that are left out, by path.
fn all_files(shipped: &[ShippedFile]) -> Result<Vec<FileReport>, ReportError> {
    let report = |path: &str, kind, package: &str, size_bytes, ships| FileReport {
        path: path.to_owned(),
        kind,
        package: package.to_owned(),
        size_bytes,
        ships,
        ships_without_pycs: ships,
        ships_without_sources: ships,
    };
    let mut files = BTreeMap::new();
    for file in shipped {
        let size_bytes = file.file.as_deref().map_or(Ok(0), size)?;
        files.insert(file.path.clone(), report(&file.path, file.kind, &file.package, size_bytes, true));
    }
    for file in shipped {
        if let Some((path, source)) = &file.source
            && !files.contains_key(path)
        {
            let left_out = report(path, FileKind::Source, &file.package, size(source)?, false);
            files.insert(path.clone(), left_out);
        }
    }
    Ok(files.into_values().collect())
}

/// The size of a file, or of all files of a folder.
fn size(path: &Path) -> Result<u64, ReportError> {
    let metadata = fs::metadata(path).map_err(ReportError::io(path))?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let files = walkdir::WalkDir::new(path).into_iter().filter_map(Result::ok);
    Ok(files
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum())
}
