//! A workspace: its folder, its repositories, and what its labels mean.

mod module_file;
mod module_values;
mod registry;

pub(crate) use module_values::note_repository;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_plan::Label;

use crate::error::{LoadError, LoadErrorKind};
use crate::evaluation::Source;
use crate::folders::{BOUNDARY_FILES, Ignored};
use crate::label_text::{self, RepositoryText};
use crate::limits;
use crate::package::{Location, Package, PackageId, Value};

/// A repository whose packages are made in Rust: a pip hub, say.
pub trait MadeUpRepository: fmt::Debug + Send + Sync {
    /// The package of a name; none if there is no such package.
    ///
    /// # Errors
    /// It is there but cannot be made.
    fn package(&self, name: &str) -> Result<Option<Package>, LoadError>;

    /// The names of all packages, in order.
    ///
    /// # Errors
    /// They cannot be found out.
    fn packages(&self) -> Result<Vec<String>, LoadError>;

    /// What to say to who names a target that no package of this repository has, if there is more to say than that.
    fn note_on_missing(&self, _target: &str) -> Option<String> {
        None
    }
}

/// A pattern of `register_toolchains`, `//toolchains:all` for instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The pattern, its repository canonical: `//package:name`, `@repository//package/...`.
    pub pattern: String,
    /// Where it is registered.
    pub location: Location,
}

/// A call like `pip.parse(hub_name = "pip")` on a module extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionTag {
    /// The extension's file as written, `@rules_python//python/extensions:pip.bzl`.
    pub file: String,
    /// The extension's name in that file.
    pub extension: String,
    /// The tag.
    pub tag: String,
    /// What it was given. What is nothing that an attribute takes is left out.
    pub arguments: BTreeMap<String, Value>,
    /// Where.
    pub location: Location,
}

/// A workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Data>);

#[derive(Clone, Debug)]
struct Data {
    root: PathBuf,
    module_name: String,
    /// By canonical name; the main one's is empty.
    repositories: BTreeMap<String, Repository>,
    toolchains: Vec<Registration>,
    platforms: Vec<Registration>,
    tags: Vec<ExtensionTag>,
}

/// A repository and what it calls the others.
#[derive(Clone, Debug)]
struct Repository {
    place: Place,
    /// Canonical names by apparent ones.
    names: BTreeMap<String, String>,
    module: Option<(String, String)>,
    ignored: Arc<Ignored>,
}

/// Where a repository's files are.
#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    MadeUp(Arc<dyn MadeUpRepository>),
    /// It is known by name, and this is what it is.
    Absent {
        what: String,
        location: Option<Location>,
    },
}

impl Workspace {
    /// The workspace that a folder belongs to: the nearest upwards with a `MODULE.bazel`, `REPO.bazel`, `WORKSPACE` or
    /// `WORKSPACE.bazel`. Its own files are read.
    ///
    /// # Errors
    /// There is none, or its files are wrong.
    pub fn discover(start: &Path) -> Result<Workspace, LoadError> {
        let start = fs::canonicalize(start).map_err(|error| {
            let message = format!("{} cannot be found: {error}", start.display());
            LoadError::new(LoadErrorKind::Workspace, message)
        })?;
        let root =
            start.ancestors().find(|folder| BOUNDARY_FILES.iter().any(|name| folder.join(name).is_file()));
        let Some(root) = root else {
            let message = format!(
                "{} is not within a workspace: neither it nor a folder above it has a MODULE.bazel, REPO.bazel, WORKSPACE or \
                 WORKSPACE.bazel file",
                start.display()
            );
            return Err(LoadError::new(LoadErrorKind::Workspace, message)
                .with_note("an empty MODULE.bazel file in its topmost folder makes a folder a workspace"));
        };
        let root = root.to_owned();
        on_large_stack(|| registry::read(&root)).map(|data| Workspace(Arc::new(data)))
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The main module's name, or the name of `workspace()`; empty where it has none.
    pub fn module_name(&self) -> &str {
        &self.0.module_name
    }

    /// A repository's folder, by its canonical name. None: it is not known, not here, or not made of files.
    pub fn repository_folder(&self, repository: &str) -> Option<&Path> {
        match &self.0.repositories.get(repository)?.place {
            Place::Folder(folder) => Some(folder),
            Place::MadeUp(_) | Place::Absent { .. } => None,
        }
    }

    /// The canonical names of all repositories that are here, the main one's (empty) first.
    pub fn repositories(&self) -> impl Iterator<Item = &str> {
        let here = self.0.repositories.iter();
        here.filter(|(_, repository)| !matches!(repository.place, Place::Absent { .. }))
            .map(|(name, _)| name.as_str())
    }

    /// What `register_toolchains` registers, in order: the main module's first, then those of the modules it depends on.
    pub fn registered_toolchains(&self) -> &[Registration] {
        &self.0.toolchains
    }

    /// What `register_execution_platforms` registers, in order.
    pub fn registered_execution_platforms(&self) -> &[Registration] {
        &self.0.platforms
    }

    /// What the main module tells its module extensions, in order.
    pub fn extension_tags(&self) -> &[ExtensionTag] {
        &self.0.tags
    }

    /// Adds a repository whose packages are made in Rust, or puts it in the place of one that isn't here. Files of its
    /// packages are where the packages say.
    pub fn add_repository(&mut self, name: &str, repository: Arc<dyn MadeUpRepository>) {
        let canonical = self.canonical(name, "");
        let data = Arc::make_mut(&mut self.0);
        let names = data.repositories.get("").map(|main| main.names.clone()).unwrap_or_default();
        let place = Place::MadeUp(repository);
        let repository = Repository { place, names, module: None, ignored: Arc::default() };
        data.repositories.insert(canonical, repository);
    }

    /// The canonical name of a repository by the name it has in another (empty: the main one).
    pub fn canonical(&self, apparent: &str, from: &str) -> String {
        if apparent.is_empty() {
            return String::new();
        }
        let named = self.0.repositories.get(from).and_then(|repository| repository.names.get(apparent));
        match named {
            Some(canonical) => canonical.clone(),
            None if apparent == self.0.module_name && from.is_empty() => String::new(),
            None => apparent.to_owned(),
        }
    }

    /// The label that a text names in a package: `x`, `:x`, `//p`, `//p:x`, `@repo//p:x`, `@@repo//p:x`, `@//p:x`, `@repo`.
    /// Whether there is such a repository is not asked.
    ///
    /// # Errors
    /// The text is no label.
    pub fn resolve_label(&self, text: &str, from: &PackageId) -> Result<Label, LoadError> {
        self.resolve_text(text, from).map_err(|problem| LoadError::new(LoadErrorKind::Label, problem))
    }

    pub(crate) fn resolve_text(&self, text: &str, from: &PackageId) -> Result<Label, String> {
        let parts = label_text::split(text)?;
        let repository = match parts.repository {
            RepositoryText::Own => from.repository.to_string(),
            RepositoryText::Canonical(name) => name.to_owned(),
            RepositoryText::Apparent(name) => self.canonical(name, &from.repository),
        };
        let package = parts.package.unwrap_or(&from.name);
        Label::new(&repository, package, parts.name).map_err(|error| error.to_string())
    }

    pub(crate) fn module_name_of(&self, repository: &str) -> Option<&str> {
        let module = self.0.repositories.get(repository)?.module.as_ref()?;
        Some(&module.0).filter(|name| !name.is_empty()).map(String::as_str)
    }

    pub(crate) fn module_version_of(&self, repository: &str) -> Option<&str> {
        let module = self.0.repositories.get(repository)?.module.as_ref()?;
        Some(&module.1).filter(|version| !version.is_empty()).map(String::as_str)
    }

    pub(crate) fn ignored(&self, repository: &str) -> Arc<Ignored> {
        self.0.repositories.get(repository).map(|repository| repository.ignored.clone()).unwrap_or_default()
    }

    pub(crate) fn made_up(&self, repository: &str) -> Option<&Arc<dyn MadeUpRepository>> {
        match &self.0.repositories.get(repository)?.place {
            Place::MadeUp(made_up) => Some(made_up),
            Place::Folder(_) | Place::Absent { .. } => None,
        }
    }

    /// The folders of the repositories on disk, but for the main one.
    pub(crate) fn other_folders(&self) -> Vec<PathBuf> {
        let others = self.0.repositories.iter().filter(|(name, _)| !name.is_empty());
        others
            .filter_map(|(_, repository)| match &repository.place {
                Place::Folder(folder) => Some(folder.clone()),
                Place::MadeUp(_) | Place::Absent { .. } => None,
            })
            .collect()
    }

    /// Why a repository's files are not here, and what to do.
    pub(crate) fn missing_repository(&self, repository: &str) -> LoadError {
        let (what, location) = match self.0.repositories.get(repository).map(|repository| &repository.place) {
            Some(Place::Absent { what, location }) => {
                (format!("the repository '@{repository}' is not on this machine: {what}"), location.clone())
            }
            _ => (format!("no repository is called '@{repository}'"), None),
        };
        let mut error = LoadError::new(LoadErrorKind::NoRepository, what);
        if let Some(location) = location {
            error = error.with_note(format!("it is named at {location}"));
        }
        error.with_note(format!(
            "a module is provided by local_path_override(module_name = …, path = …) in MODULE.bazel, installed distributions by \
             --pip_hub {repository}=SITE_PACKAGES"
        ))
    }
}

/// How messages name a file: below the workspace's folder without that folder.
fn display_name(root: &Path, path: &Path) -> Arc<Path> {
    Arc::from(path.strip_prefix(root).unwrap_or(path))
}

/// Reads a file to evaluate.
///
/// # Errors
/// It cannot be read, is too large or no UTF-8.
pub(crate) fn read_source(root: &Path, path: &Path) -> Result<Source, LoadError> {
    let name = display_name(root, path);
    let trouble = |problem: String| {
        LoadError::new(LoadErrorKind::File, problem).at(Location { file: name.clone(), line: 0 })
    };
    let size = fs::metadata(path).map_err(|error| trouble(format!("it cannot be read: {error}")))?.len();
    if size > limits::FILE_BYTES {
        let most = limits::FILE_BYTES >> 20;
        return Err(trouble(format!("it has {size} bytes; more than {most} MiB are not read")));
    }
    let bytes = fs::read(path).map_err(|error| trouble(format!("it cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        LoadError::new(LoadErrorKind::File, "it is no UTF-8").at(Location { file: name.clone(), line })
    })?;
    Ok(Source { name, text })
}

/// Runs something on a thread whose stack has room for what [`limits`] allow.
pub(crate) fn on_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, LoadError> + Send,
) -> Result<T, LoadError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("prepyc-loading".to_owned())
            .stack_size(limits::STACK_BYTES)
            .spawn_scoped(scope, work);
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => {
                Err(LoadError::new(LoadErrorKind::Workspace, format!("no thread can be started: {error}")))
            }
        }
    })
}
