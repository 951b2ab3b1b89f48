//! From target patterns to labels of what they mean, in the packages as they are on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use prepyc_build::analysis::{AnalysisError, Asked, OnError, Why};
use prepyc_loading::{LoadErrorKind, Loader, PackageId};
use prepyc_plan::Label;

use super::patterns::{Pattern, Repository, Sign, Subject, Which};

/// What patterns mean, and the packages that could not be loaded.
pub(super) struct Expanded {
    /// Everything that they mean, by label.
    pub(super) asked: Vec<Asked>,
    /// What is wrong with packages that they would take whatever is in; empty where the first error is the end.
    pub(super) errors: Vec<AnalysisError>,
}

/// What patterns mean together: in their order, each adds or takes away.
///
/// # Errors
/// A package that cannot be loaded, where that is the end, or a single label that names nothing.
pub(super) fn expand(loader: &Loader, patterns: &[Pattern], on_error: OnError) -> anyhow::Result<Expanded> {
    let mut asked: BTreeMap<Label, Why> = BTreeMap::new();
    let mut errors = Vec::new();
    for pattern in patterns {
        let meant = meaning(loader, pattern, on_error)?;
        match pattern.sign {
            Sign::Unwanted => {
                for label in &meant.labels {
                    asked.remove(label);
                }
            }
            Sign::Wanted => {
                for label in meant.labels {
                    let why = asked.entry(label).or_insert(meant.why);
                    *why = (*why).min(meant.why);
                }
            }
        }
        errors.extend(meant.errors);
    }
    let asked = asked.into_iter().map(|(label, why)| Asked { label, why }).collect();
    Ok(Expanded { asked, errors })
}

/// The one target that a pattern names.
pub(super) fn single(loader: &Loader, pattern: &Pattern) -> anyhow::Result<Asked> {
    let meant = meaning(loader, pattern, OnError::Stop)?;
    match <[Label; 1]>::try_from(meant.labels) {
        Ok([label]) if meant.why == Why::Named => Ok(Asked { label, why: Why::Named }),
        _ => bail!("{pattern}: one target is wanted here, not a pattern"),
    }
}

struct Meant {
    labels: Vec<Label>,
    why: Why,
    errors: Vec<AnalysisError>,
}

fn meaning(loader: &Loader, pattern: &Pattern, on_error: OnError) -> anyhow::Result<Meant> {
    let repository = match &pattern.repository {
        Repository::Main => String::new(),
        Repository::Apparent(name) => loader.workspace().canonical(name, ""),
        Repository::Canonical(name) => name.clone(),
    };
    let package = |name: &str| PackageId { repository: Arc::from(&*repository), name: Arc::from(name) };
    match &pattern.subject {
        Subject::Target { .. } | Subject::Path(_) => {
            let label = named(loader, &repository, pattern)?;
            Ok(Meant { labels: vec![label], why: Why::Named, errors: Vec::new() })
        }
        Subject::Package { package: name, which } => {
            matched(loader, &[package(name)], *which, on_error).with_context(|| pattern.to_string())
        }
        Subject::Below { folder, which } => {
            let packages = loader.packages_below(&repository, folder).with_context(|| pattern.to_string())?;
            if packages.is_empty() {
                bail!("{pattern}: there is no package in this folder or below");
            }
            matched(loader, &packages, *which, on_error)
        }
    }
}

/// The first of a pattern's readings whose package exists.
fn named(loader: &Loader, repository: &str, pattern: &Pattern) -> anyhow::Result<Label> {
    let mut labels = Vec::new();
    for (package, name) in pattern.subject.candidates() {
        let label = Label::new(repository, package, name)?;
        match loader.package(&PackageId::of(&label)) {
            Err(error) if error.kind() == LoadErrorKind::NoBuildFile => labels.push(label),
            // Anything else that is wrong with the package is told when it is analysed.
            Ok(_) | Err(_) => return Ok(label),
        }
    }
    // No reading has a package: the error is that of the first.
    let first = labels.into_iter().next();
    first.with_context(|| format!("{pattern}: it names no target"))
}

fn matched(
    loader: &Loader,
    packages: &[PackageId],
    which: Which,
    on_error: OnError,
) -> anyhow::Result<Meant> {
    let mut meant = Meant { labels: Vec::new(), why: Why::Matched, errors: Vec::new() };
    for package in loader.load_all(packages) {
        let package = match package {
            Ok(package) => package,
            Err(error) if on_error == OnError::KeepGoing => {
                meant.errors.push(error.into());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        meant.labels.extend(package.targets.values().map(|target| target.label.clone()));
        if which == Which::RulesAndFiles {
            for name in package.exported_files.keys() {
                meant.labels.push(Label::new(&package.id.repository, &package.id.name, name)?);
            }
        }
    }
    Ok(meant)
}
