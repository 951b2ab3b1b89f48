//! A workspace of a few files, and the questions that tests ask of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use prepyc_loading::{LoadError, Loader, Package, PackageId, Workspace};
use tempfile::TempDir;

/// A workspace in a temporary folder.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Writes files; an empty MODULE.bazel is added where none of them makes the folder a workspace.
    pub(crate) fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(TempDir::new().expect("a temporary folder"));
        if !files.iter().any(|(name, _)| matches!(*name, "MODULE.bazel" | "WORKSPACE" | "WORKSPACE.bazel")) {
            folder.write("MODULE.bazel", "");
        }
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file below the folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn workspace(&self) -> Workspace {
        Workspace::discover(self.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn loader(&self) -> Loader {
        Loader::new(self.workspace()).expect("threads")
    }

    pub(crate) fn package(&self, name: &str) -> Arc<Package> {
        self.loader().package(&package_id(name)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is wrong with a package.
    pub(crate) fn error(&self, name: &str) -> Arc<LoadError> {
        match self.loader().package(&package_id(name)) {
            Ok(_) => panic!("//{name} is loaded, though it should not"),
            Err(error) => error,
        }
    }
}

/// `//name`, or `@repository//name`.
pub(crate) fn package_id(text: &str) -> PackageId {
    match text.strip_prefix('@').and_then(|text| text.split_once("//")) {
        Some((repository, name)) => PackageId { repository: Arc::from(repository), name: Arc::from(name) },
        None => PackageId { repository: Arc::from(""), name: Arc::from(text) },
    }
}
