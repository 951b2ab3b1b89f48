//! What a label names: a target, a source file, or nothing.

use std::path::PathBuf;
use std::sync::Arc;

use prepyc_plan::Label;

use crate::error::{LoadError, LoadErrorKind};
use crate::folders;
use crate::loader::Loader;
use crate::package::{Package, PackageId, Target};
use crate::spelling;

/// What a label names.
#[derive(Clone, Debug)]
pub enum Found {
    /// A rule's target, in this package under the label's name.
    Target(Arc<Package>),
    /// A file.
    File(SourceFile),
}

/// A source file that is there.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its label.
    pub label: Label,
    /// Where it is.
    pub path: PathBuf,
    /// Its package.
    pub package: Arc<Package>,
    /// Who may see it.
    pub visibility: SourceVisibility,
}

/// Who may see a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceVisibility {
    /// Whom `exports_files` says.
    Exported(Vec<String>),
    /// A target of its package mentions it, and nothing else is said: everyone (Bazel without
    /// `--incompatible_no_implicit_file_export`).
    Mentioned,
    /// Nobody but its own package.
    Unmentioned,
}

impl Found {
    /// The target, if it is one.
    pub fn target(&self, label: &Label) -> Option<&Target> {
        match self {
            Found::Target(package) => package.targets.get(label.name()),
            Found::File(_) => None,
        }
    }
}

impl Loader {
    /// What a label names.
    ///
    /// # Errors
    /// Its package cannot be loaded; the package has neither a target nor a file of that name; the name leads into a package
    /// below.
    pub fn find(&self, label: &Label) -> Result<Found, Arc<LoadError>> {
        let id = PackageId::of(label);
        let package = self.package(&id)?;
        if package.targets.contains_key(label.name()) {
            return Ok(Found::Target(package));
        }
        self.check_subpackages(label, &package)?;
        let path = package.folder.join(label.name());
        if !path.exists() {
            return Err(Arc::new(no_target(label, &package)));
        }
        let visibility = match package.exported_files.get(label.name()) {
            Some(visibility) => SourceVisibility::Exported(visibility.clone()),
            None if package.mentioned.contains(label.name()) => SourceVisibility::Mentioned,
            None => SourceVisibility::Unmentioned,
        };
        Ok(Found::File(SourceFile { label: label.clone(), path, package, visibility }))
    }

    /// A label's name must not lead through a folder that is a package of its own.
    fn check_subpackages(&self, label: &Label, package: &Package) -> Result<(), Arc<LoadError>> {
        let name = label.name();
        for (at, _) in name.match_indices('/').rev() {
            if folders::build_file(&package.folder.join(&name[..at])).is_some() {
                let below = folders::join(label.package(), &name[..at]);
                let rest = &name[at + 1..];
                let repository = match label.repository() {
                    "" => String::new(),
                    repository => format!("@{repository}"),
                };
                let message = format!(
                    "label '{label}' is invalid because '{repository}//{below}' is a subpackage; perhaps you meant to put the \
                     colon here: '{repository}//{below}:{rest}'?"
                );
                return Err(Arc::new(LoadError::new(LoadErrorKind::NoTarget, message)));
            }
        }
        Ok(())
    }
}

fn no_target(label: &Label, package: &Package) -> LoadError {
    let known = package.targets.keys().chain(package.exported_files.keys()).chain(&package.mentioned);
    let hint = spelling::did_you_mean(label.name(), known.map(|name| &**name));
    let defined_by = match folders::build_file(&package.folder) {
        Some(file) => file.file_name().map(|name| name.to_string_lossy().into_owned()),
        None => None,
    };
    let defined_by = match defined_by {
        Some(file) => format!(" defined by {}", folders::join(&package.id.name, &file)),
        None => String::new(),
    };
    let message = format!(
        "no such target '{label}': target '{}' not declared in package '{}'{defined_by}{hint}",
        label.name(),
        package.id.name
    );
    LoadError::new(LoadErrorKind::NoTarget, message)
}
