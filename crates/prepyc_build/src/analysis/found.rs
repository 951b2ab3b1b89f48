//! A label looked up: a target together with its package, or a file.

use std::sync::Arc;

use prepyc_loading::{Found, LoadError, Loader, Package, SourceFile, Target};
use prepyc_plan::Label;

/// A target as its package declares it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    package: Arc<Package>,
    label: Label,
}

/// What a label names.
pub(crate) enum Named {
    Target(Declared),
    File(SourceFile),
}

impl Declared {
    /// The target.
    pub(crate) fn target(&self) -> &Target {
        &self.package.targets[self.label.name()]
    }

    /// Its package.
    pub(crate) fn package(&self) -> &Arc<Package> {
        &self.package
    }
}

/// Looks a label up.
pub(crate) fn look_up(loader: &Loader, label: &Label) -> Result<Named, Arc<LoadError>> {
    Ok(match loader.find(label)? {
        Found::Target(package) => Named::Target(Declared { package, label: label.clone() }),
        Found::File(file) => Named::File(file),
    })
}
