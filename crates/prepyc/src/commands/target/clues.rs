//! The places that speak of a Python version without being asked: `VIRTUAL_ENV`, `lib/pythonX.Y`, `.python-version`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, bail};
use prepyc_version::PyRelease;

use super::Surroundings;
use crate::commands::discovery::reason;
use crate::commands::path_text::shown;

/// The remedy in every message of this file.
const REMEDY: &str = "--python-version X.Y or --python EXE decides";
/// The file that pyenv, uv and others keep a project's version in.
const VERSION_FILE: &str = ".python-version";

/// What one place says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clue {
    /// The release it speaks of.
    pub(super) release: PyRelease,
    /// Which place, for messages.
    pub(super) said_by: String,
    /// Interpreters that belong to the place.
    pub(super) interpreters: Vec<PathBuf>,
}

/// What all places say, in the order in which they are believed.
///
/// # Errors
/// A place that speaks of something that is no known version.
pub(super) fn gather(paths: &[PathBuf], surroundings: &Surroundings) -> anyhow::Result<Vec<Clue>> {
    let mut clues = Vec::new();
    if let Some(folder) = &surroundings.virtual_env {
        clues.push(of_virtual_env(folder)?);
    }
    for path in paths {
        let absolute = surroundings.folder.join(path);
        for folder in lib_folders(&absolute) {
            let clue = of_lib_folder(&folder)?;
            if !clues.contains(&clue) {
                clues.push(clue);
            }
        }
    }
    clues.extend(of_version_file(&surroundings.folder)?);
    Ok(clues)
}

/// A virtual environment says its version in `pyvenv.cfg`: `version` (venv) or `version_info` (virtualenv, uv).
fn of_virtual_env(folder: &Path) -> anyhow::Result<Clue> {
    let said_by = format!("VIRTUAL_ENV ({})", shown(folder));
    let configuration = fs::read_to_string(folder.join("pyvenv.cfg"))
        .map_err(|error| anyhow!("{said_by}: cannot read its pyvenv.cfg: {}; {REMEDY}", reason(&error)))?;
    let value = configuration.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        matches!(key.trim(), "version" | "version_info").then(|| value.trim())
    });
    let Some(text) = value else {
        bail!("{said_by} does not say its version in pyvenv.cfg; {REMEDY}");
    };
    // virtualenv's version_info goes on: 3.13.2.final.0
    let number: Vec<&str> = text.split('.').take(2).collect();
    let release = release(&number.join("."), &said_by)?;
    Ok(Clue { release, said_by, interpreters: existing(vec![folder.join("bin/python")]) })
}

/// The folders called `lib/pythonX.Y` that a PATH lies in (the innermost) or has in it.
fn lib_folders(path: &Path) -> Vec<PathBuf> {
    let mut above = path.ancestors();
    if let Some(folder) = above.find(|folder| is_lib_folder(folder)) {
        return vec![folder.to_owned()];
    }
    let mut inside: Vec<PathBuf> = ["lib", "lib64"]
        .into_iter()
        .map(|lib| path.join(lib))
        .filter(|lib| !lib.is_symlink())
        .filter_map(|lib| fs::read_dir(lib).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| is_lib_folder(folder) && folder.is_dir())
        .collect();
    inside.sort();
    inside
}

/// Whether the path ends in `lib/pythonX.Y`.
fn is_lib_folder(path: &Path) -> bool {
    let mut names = path.components().rev().map(|component| match component {
        Component::Normal(name) => name.to_str().unwrap_or_default(),
        _ => "",
    });
    let version = names.next().and_then(|name| name.strip_prefix("python")).unwrap_or_default();
    let starts_right = version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
    starts_right && matches!(names.next(), Some("lib" | "lib64"))
}

fn of_lib_folder(folder: &Path) -> anyhow::Result<Clue> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let version = name.trim_start_matches("python");
    let said_by = format!("the path {}", shown(folder));
    let release = release(version, &said_by)?;
    let prefix = folder.parent().and_then(Path::parent).unwrap_or(folder);
    Ok(Clue { release, said_by, interpreters: existing(vec![prefix.join("bin").join(name)]) })
}

/// The nearest `.python-version` in `folder` or above it; its first line that is no comment counts.
fn of_version_file(folder: &Path) -> anyhow::Result<Option<Clue>> {
    let Some(file) = folder.ancestors().map(|folder| folder.join(VERSION_FILE)).find(|file| file.is_file())
    else {
        return Ok(None);
    };
    let text = fs::read_to_string(&file)
        .map_err(|error| anyhow!("cannot read {}: {}; {REMEDY}", shown(&file), reason(&error)))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(line) = line.filter(|line| *line != "system") else { return Ok(None) };
    let said_by = shown(&file);
    let number = line.strip_prefix("cpython-").or_else(|| line.strip_prefix("cpython@")).unwrap_or(line);
    let release = release(number, &said_by)?;
    Ok(Some(Clue { release, said_by, interpreters: Vec::new() }))
}

fn release(text: &str, said_by: &str) -> anyhow::Result<PyRelease> {
    text.parse().map_err(|error| anyhow!("{said_by}: {error}; {REMEDY}"))
}

fn existing(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.into_iter().filter(|path| path.exists()).collect()
}
