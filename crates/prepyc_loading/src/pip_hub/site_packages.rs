//! Which distributions a site-packages folder has: `NAME-VERSION.dist-info` folders, and what stands for older or other
//! kinds of installation.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{LoadError, LoadErrorKind};
use crate::package::Location;

/// A site-packages folder, listed.
#[derive(Debug)]
pub(super) struct SitePackages {
    /// The folder.
    pub(super) folder: PathBuf,
    distributions: BTreeMap<String, Distribution>,
}

/// What there is of one name.
#[derive(Debug)]
pub(super) struct Distribution {
    /// As labels have it.
    name: String,
    found: Vec<Found>,
}

/// A folder or file that says that something is installed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    DistInfo(DistInfo),
    Egg(PathBuf),
}

/// A `.dist-info` folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DistInfo {
    /// The distribution's name, as labels have it.
    pub(super) name: String,
    /// The name as the folder has it.
    pub(super) written_name: String,
    /// The version.
    pub(super) version: String,
    /// The folder's name: `requests-2.32.0.dist-info`.
    pub(super) folder_name: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Whether somebody asked for it by name (REQUESTED, PEP 376), not only because others require it.
    pub(super) requested: bool,
}

impl SitePackages {
    /// Lists a folder.
    ///
    /// # Errors
    /// It cannot be read, or holds no distribution.
    pub(super) fn read(folder: &Path) -> Result<SitePackages, LoadError> {
        let trouble =
            |problem: String| LoadError::new(LoadErrorKind::File, format!("{}: {problem}", folder.display()));
        let folder = folder.canonicalize().map_err(|error| trouble(format!("it cannot be read: {error}")))?;
        let entries =
            fs::read_dir(&folder).map_err(|error| trouble(format!("it cannot be read: {error}")))?;
        let mut distributions: BTreeMap<String, Distribution> = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(|error| trouble(format!("it cannot be read: {error}")))?;
            let Ok(entry_name) = entry.file_name().into_string() else { continue };
            let Some((written_name, found)) = Found::read(&entry_name, entry.path()) else { continue };
            let name = normalize(&written_name);
            if !is_label_name(&name) {
                continue;
            }
            let distribution =
                distributions.entry(name.clone()).or_insert_with(|| Distribution { name, found: Vec::new() });
            distribution.found.push(found);
        }
        for distribution in distributions.values_mut() {
            distribution.found.sort();
        }
        if distributions.is_empty() {
            return Err(trouble("no distribution is installed there".to_owned()).with_note(
                "a pip hub needs a site-packages folder: lib/pythonX.Y/site-packages of a virtual environment, or what \
                 `pip install --target` makes",
            ));
        }
        Ok(SitePackages { folder, distributions })
    }

    /// The distributions' names as labels have them, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.distributions.keys().map(String::as_str)
    }

    /// What there is of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Distribution> {
        self.distributions.get(name)
    }

    /// The distributions that can be read, by name.
    pub(super) fn intact(&self) -> impl Iterator<Item = &DistInfo> {
        self.distributions.values().filter_map(|distribution| match &distribution.found[..] {
            [Found::DistInfo(info)] => Some(info),
            _ => None,
        })
    }
}

impl Distribution {
    /// The one `.dist-info` folder of the name.
    ///
    /// # Errors
    /// There are several, or it was installed in a way that leaves no RECORD.
    pub(super) fn intact(&self) -> Result<&DistInfo, LoadError> {
        let trouble = |problem: String, path: &Path| {
            LoadError::new(LoadErrorKind::File, problem).at(Location { file: Arc::from(path), line: 0 })
        };
        let name = &self.name;
        let infos = self.found.iter().filter_map(|found| match found {
            Found::DistInfo(info) => Some(info),
            Found::Egg(_) => None,
        });
        match &infos.collect::<Vec<_>>()[..] {
            [info] => Ok(info),
            [] => {
                let path = self.found.iter().find_map(|found| match found {
                    Found::Egg(path) => Some(path.as_path()),
                    Found::DistInfo(_) => None,
                });
                let problem = format!("{name} is installed as an egg, which has no RECORD of its files");
                Err(trouble(problem, path.unwrap_or(Path::new(""))).with_note(
                    "install it anew, as a wheel: python3 -m pip install --force-reinstall --no-deps",
                ))
            }
            [first, second, ..] => {
                let problem = format!(
                    "{name} is installed twice, as {} and as {}",
                    first.folder_name, second.folder_name
                );
                Err(trouble(problem, &first.path)
                    .with_note("remove the folder of the one that is not in use"))
            }
        }
    }
}

impl Found {
    /// What an entry of the folder says is installed, if it does, with the name as it is written.
    fn read(entry_name: &str, path: PathBuf) -> Option<(String, Found)> {
        let (stem, kind) = entry_name.rsplit_once('.')?;
        match kind {
            "dist-info" => {
                let (name, version) = stem.rsplit_once('-').unwrap_or((stem, ""));
                let info = DistInfo {
                    name: normalize(name),
                    written_name: name.to_owned(),
                    version: version.to_owned(),
                    folder_name: entry_name.to_owned(),
                    requested: path.join("REQUESTED").exists(),
                    path,
                };
                Some((name.to_owned(), Found::DistInfo(info)))
            }
            "egg-info" | "egg" | "egg-link" => {
                let name = stem.split('-').next().unwrap_or(stem);
                Some((name.to_owned(), Found::Egg(path)))
            }
            _ => None,
        }
    }
}

/// A distribution's name as labels have it: normalised (PEP 503), with `_` for `-`.
pub(super) fn normalize(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            normalized.extend(character.to_lowercase());
        } else if !normalized.ends_with('_') {
            normalized.push('_');
        }
    }
    normalized
}

/// Whether a distribution can have that name, which becomes that of a package and of a repository. Others, such as pip's
/// `~equests` of an installation that was interrupted, are nobody's.
fn is_label_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
