//! A distribution's files, as its RECORD lists them (<https://packaging.python.org/en/latest/specifications/recording-installed-packages>).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::read_file;
use super::site_packages::DistInfo;
use crate::error::{LoadError, LoadErrorKind};
use crate::package::Location;

/// A distribution's files below the site-packages folder: paths with `/`, sorted, each once, none of it bytecode.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// `.py`
    pub(super) sources: Vec<String>,
    /// All else but RECORD itself, whose digests tell of files that are not here.
    pub(super) data: Vec<String>,
}

impl Files {
    /// Reads a distribution's RECORD, and looks whether its files are there.
    ///
    /// Files outside of the folder, such as `../../bin/flask`, belong to no library and are left out.
    ///
    /// # Errors
    /// There is no RECORD, it is no CSV, a file that it lists is not there, or the distribution is editable: its files are
    /// elsewhere.
    pub(super) fn read(folder: &Path, info: &DistInfo) -> Result<Files, LoadError> {
        check_not_editable(info)?;
        let record = info.path.join("RECORD");
        let file: Arc<Path> = Arc::from(record.as_path());
        if !record.exists() {
            let message = format!("{} {} has no RECORD of its files", info.written_name, info.version);
            return Err(LoadError::new(LoadErrorKind::File, message)
                .at(Location { file: Arc::from(info.path.as_path()), line: 0 })
                .with_note("packages of an operating system have none; install it with pip or uv"));
        }
        let bytes = read_file(&record)?;
        let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        for row in rows.records() {
            let row = row.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                wrong(&file, line, format!("it is no CSV of UTF-8 text: {error}"))
            })?;
            let line = row.position().map_or(0, csv::Position::line);
            let Some(path) = row.get(0).and_then(inside) else { continue };
            lines.entry(path).or_insert(u32::try_from(line).unwrap_or(u32::MAX));
        }
        let mut files = Files::default();
        for (path, line) in lines {
            if is_bytecode(&path) || is_record(&path) {
                continue;
            }
            check_file(&folder.join(&path), &path, &file, line)?;
            if path.ends_with(".py") { files.sources.push(path) } else { files.data.push(path) }
        }
        Ok(files)
    }
}

/// The path that a RECORD's path means, if it stays below the site-packages folder.
fn inside(path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut components: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()?),
            component => components.push(component),
        }
    }
    (!components.is_empty()).then(|| components.join("/"))
}

fn is_bytecode(path: &str) -> bool {
    path.ends_with(".pyc") || path.rsplit('/').next().is_some_and(|name| name.contains(".pyc."))
}

fn is_record(path: &str) -> bool {
    path.strip_suffix("/RECORD").is_some_and(|folder| folder.ends_with(".dist-info"))
}

fn check_file(file: &Path, path: &str, record: &Arc<Path>, line: u32) -> Result<(), LoadError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(wrong(record, line.into(), format!("{path:?} is no regular file"))),
        Err(error) => Err(wrong(record, line.into(), format!("{path:?} is not installed: {error}"))
            .with_note("the installation is incomplete; install the distribution anew")),
    }
}

/// An editable installation's files are in somebody's working tree, and no RECORD lists them.
fn check_not_editable(info: &DistInfo) -> Result<(), LoadError> {
    let path = info.path.join("direct_url.json");
    if !path.exists() {
        return Ok(());
    }
    let bytes = read_file(&path)?;
    let editable = serde_json::from_slice::<serde_json::Value>(&bytes)
        .is_ok_and(|origin| origin.pointer("/dir_info/editable") == Some(&serde_json::Value::Bool(true)));
    if !editable {
        return Ok(());
    }
    let message = format!(
        "{} {} is an editable installation: its files are not in the site-packages folder",
        info.written_name, info.version
    );
    Err(LoadError::new(LoadErrorKind::File, message)
        .at(Location { file: Arc::from(path), line: 0 })
        .with_note("install it without -e, or depend on its targets if it belongs to this workspace"))
}

fn wrong(record: &Arc<Path>, line: u64, problem: String) -> LoadError {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    LoadError::new(LoadErrorKind::File, problem).at(Location { file: Arc::clone(record), line })
}
