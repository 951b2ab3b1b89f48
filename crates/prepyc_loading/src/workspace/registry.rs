//! From the files of a workspace to its repositories: which there are, where, and what they call each other.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::module_file;
use super::module_values::{Declarations, Origin, Registered, UseFor};
use super::{Data, Place, Registration, Repository, display_name};
use crate::error::{LoadError, LoadErrorKind};
use crate::package::Location;

/// Reads the files of the main repository, and those of the modules and repositories that stand at a path.
///
/// MODULE.bazel is what counts; a WORKSPACE file is read where there is none, or where it declares nothing at all.
pub(super) fn read(root: &Path) -> Result<Data, LoadError> {
    let module_path = root.join("MODULE.bazel");
    let mut declared = Declarations::default();
    let mut is_module = false;
    if module_path.is_file() {
        declared = module_file::read_module(root, root)?;
        is_module = !declares_nothing(&declared);
    }
    let workspace_path =
        ["WORKSPACE.bazel", "WORKSPACE"].map(|name| root.join(name)).into_iter().find(|path| path.is_file());
    if let (false, Some(path)) = (is_module, workspace_path) {
        declared = module_file::read_workspace(root, &path)?;
    }
    let mut reading = Reading { root, data: empty(root, &declared)?, waiting: VecDeque::new() };
    reading.add_main(declared)?;
    while let Some((canonical, folder, version)) = reading.waiting.pop_front() {
        reading.add_other(&canonical, &folder, &version)?;
    }
    Ok(reading.data)
}

fn declares_nothing(declared: &Declarations) -> bool {
    declared.name.is_empty()
        && declared.dependencies.is_empty()
        && declared.repositories.is_empty()
        && declared.toolchains.is_empty()
}

fn empty(root: &Path, declared: &Declarations) -> Result<Data, LoadError> {
    let main = Repository {
        place: Place::Folder(root.to_owned()),
        names: BTreeMap::new(),
        module: Some((declared.name.clone(), declared.version.clone())),
        ignored: Arc::new(module_file::read_ignored(root, root)?),
    };
    Ok(Data {
        root: root.to_owned(),
        module_name: declared.name.clone(),
        repositories: BTreeMap::from([(String::new(), main)]),
        toolchains: Vec::new(),
        platforms: Vec::new(),
        tags: Vec::new(),
    })
}

struct Reading<'a> {
    root: &'a Path,
    data: Data,
    /// Repositories on disk whose own MODULE.bazel is still to be read: canonical name, folder, version.
    waiting: VecDeque<(String, PathBuf, String)>,
}

impl Reading<'_> {
    fn add_main(&mut self, declared: Declarations) -> Result<(), LoadError> {
        for (module, (path, location)) in &declared.paths {
            let folder = self.folder(path, module, location)?;
            self.add_folder(canonical_of_module(module), folder)?;
        }
        let mut names = self.own_names(&declared, "");
        for (name, origin, location) in &declared.repositories {
            match origin {
                Origin::Path(path) => {
                    let folder = self.folder(path, name, location)?;
                    self.add_folder(name.clone(), folder)?;
                }
                Origin::Elsewhere(what) => self.add_absent(name, what, location),
            }
            names.insert(name.clone(), name.clone());
        }
        for (module, (what, location)) in &declared.elsewhere {
            self.add_absent(module, what, location);
        }
        names.extend(self.dependency_names(&declared, UseFor::Development));
        self.register(&declared, &names, "", UseFor::Development);
        self.data.tags = declared.tags;
        if let Some(main) = self.data.repositories.get_mut("") {
            main.names = names;
        }
        Ok(())
    }

    /// A module that stands at a path: what it calls others, and what it registers.
    fn add_other(&mut self, canonical: &str, folder: &Path, version: &str) -> Result<(), LoadError> {
        if !folder.join("MODULE.bazel").is_file() {
            return Ok(());
        }
        let declared = module_file::read_module(self.root, folder)?;
        let mut names = self.own_names(&declared, canonical);
        for (name, origin, location) in &declared.repositories {
            // Repositories of two modules may be called the same.
            let unique = format!("{canonical}+{name}");
            let what = match origin {
                Origin::Path(path) => format!("the module '{}' wants it at {path}", declared.name),
                Origin::Elsewhere(what) => what.clone(),
            };
            self.add_absent(&unique, &what, location);
            names.insert(name.clone(), unique);
        }
        names.extend(self.dependency_names(&declared, UseFor::Everyone));
        self.register(&declared, &names, canonical, UseFor::Everyone);
        let version = if declared.version.is_empty() { version.to_owned() } else { declared.version };
        if let Some(repository) = self.data.repositories.get_mut(canonical) {
            repository.names = names;
            repository.module = Some((declared.name, version));
        }
        Ok(())
    }

    fn own_names(&self, declared: &Declarations, canonical: &str) -> BTreeMap<String, String> {
        let own = declared.repo_name.as_ref().unwrap_or(&declared.name);
        let own = Some(own).filter(|name| !name.is_empty());
        own.map(|name| (name.clone(), canonical.to_owned())).into_iter().collect()
    }

    /// What a module calls those it depends on. Those that are nowhere yet are noted as absent.
    fn dependency_names(&mut self, declared: &Declarations, up_to: UseFor) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        let counts = |use_for| up_to == UseFor::Development || use_for == UseFor::Everyone;
        for dependency in declared.dependencies.iter().filter(|dependency| counts(dependency.use_for)) {
            let on_disk = canonical_of_module(&dependency.module);
            let canonical = if self.data.repositories.contains_key(&on_disk) {
                on_disk
            } else if dependency.module == self.data.module_name {
                String::new()
            } else {
                let what = format!(
                    "the module '{}' {} would be fetched from a registry",
                    dependency.module, dependency.version
                );
                self.add_absent(&dependency.module, &what, &dependency.location);
                dependency.module.clone()
            };
            if let Some(name) = &dependency.repo_name {
                names.insert(name.clone(), canonical);
            }
        }
        names
    }

    /// Notes what a module registers. What is for its development counts in the main module alone.
    fn register(
        &mut self,
        declared: &Declarations,
        names: &BTreeMap<String, String>,
        canonical: &str,
        up_to: UseFor,
    ) {
        let absolute =
            |registered: &&Registered| up_to == UseFor::Development || registered.use_for == UseFor::Everyone;
        let registration = |registered: &Registered| Registration {
            pattern: canonical_pattern(&registered.registration.pattern, names, canonical),
            location: registered.registration.location.clone(),
        };
        self.data.toolchains.extend(declared.toolchains.iter().filter(absolute).map(registration));
        self.data.platforms.extend(declared.platforms.iter().filter(absolute).map(registration));
    }

    fn add_absent(&mut self, name: &str, what: &str, location: &Location) {
        let place = Place::Absent { what: what.to_owned(), location: Some(location.clone()) };
        let repository = Repository { place, names: BTreeMap::new(), module: None, ignored: Arc::default() };
        self.data.repositories.entry(name.to_owned()).or_insert(repository);
    }

    fn add_folder(&mut self, canonical: String, folder: PathBuf) -> Result<(), LoadError> {
        let repository = Repository {
            place: Place::Folder(folder.clone()),
            names: BTreeMap::new(),
            module: None,
            ignored: Arc::new(module_file::read_ignored(self.root, &folder)?),
        };
        self.waiting.push_back((canonical.clone(), folder, String::new()));
        self.data.repositories.insert(canonical, repository);
        Ok(())
    }

    /// The folder at a path that a file names.
    fn folder(&self, path: &str, name: &str, location: &Location) -> Result<PathBuf, LoadError> {
        let folder = self.root.join(path);
        std::fs::canonicalize(&folder).ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
            let shown = display_name(self.root, &folder);
            let message = format!("the folder of '{name}', {}, does not exist", shown.display());
            LoadError::new(LoadErrorKind::Workspace, message).at(location.clone())
        })
    }
}

/// Bazel's canonical name of the repository of a module of which there is one version.
fn canonical_of_module(module: &str) -> String {
    format!("{module}+")
}

/// A pattern with its repository's canonical name, and a package before its colon.
fn canonical_pattern(pattern: &str, names: &BTreeMap<String, String>, canonical: &str) -> String {
    let (repository, rest) = match pattern.strip_prefix('@') {
        Some(named) => {
            let (named, is_canonical) = match named.strip_prefix('@') {
                Some(named) => (named, true),
                None => (named, false),
            };
            let (name, rest) = match named.find("//") {
                Some(at) => (&named[..at], named[at..].to_owned()),
                None => (named, format!("//:{named}")),
            };
            let repository = match names.get(name) {
                Some(found) if !is_canonical => found.as_str(),
                _ => name,
            };
            (repository, rest)
        }
        None if pattern.starts_with("//") => (canonical, pattern.to_owned()),
        None => (canonical, format!("//{pattern}")),
    };
    if repository.is_empty() { rest } else { format!("@{repository}{rest}") }
}
