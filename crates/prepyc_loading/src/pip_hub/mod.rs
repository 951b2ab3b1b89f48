//! A pip hub made of what is installed in a site-packages folder: `@pip//requests` without anything being fetched.
//!
//! The repositories are those that rules_python's `pip.parse` makes: the hub (`@pip`) has a package of aliases for each
//! distribution, and each distribution has a repository of its own (`@pip_requests`) with one `py_library`. Its files are
//! those of its RECORD, what it depends on is what its METADATA requires under the markers that hold.
//!
//! * `site_packages`: which distributions there are. `record`: a distribution's files. `metadata`: what it requires.
//! * `markers`: the Pythons that requirements are asked for. `requirements`: who needs whom, and who needs each other.
//! * `packages`: all of that as packages of targets.
//!
//! Only what somebody refers to is read file by file, so a broken distribution bothers nobody who does not need it.

mod markers;
mod metadata;
mod packages;
mod record;
mod requirements;
mod site_packages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::error::{LoadError, LoadErrorKind};
use crate::package::{Location, Package};
use crate::workspace::{MadeUpRepository, Workspace};
use packages::Names;
use requirements::Requirements;
use site_packages::SitePackages;

/// How many bytes a RECORD or a METADATA may have.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Adds the hub `name` to a workspace, and a repository for each distribution that is installed in `folder`.
///
/// # Errors
/// The folder cannot be read, or holds no distribution. What is wrong with a distribution is told to who refers to it.
pub fn add_pip_hub(workspace: &mut Workspace, name: &str, folder: &Path) -> Result<(), LoadError> {
    let site_packages = SitePackages::read(folder)?;
    let spokes: BTreeMap<String, String> = site_packages
        .names()
        .map(|distribution| {
            let spoke = format!("{name}_{distribution}");
            (distribution.to_owned(), workspace.canonical(&spoke, ""))
        })
        .collect();
    let names = Names { hub: workspace.canonical(name, ""), spokes };
    let installed = Arc::new(Installed { names, site_packages, requirements: OnceLock::new() });
    for distribution in installed.site_packages.names() {
        let spoke = Spoke { installed: Arc::clone(&installed), distribution: distribution.to_owned() };
        workspace.add_repository(&format!("{name}_{distribution}"), Arc::new(spoke));
    }
    workspace.add_repository(name, Arc::new(Hub { installed: Arc::clone(&installed) }));
    Ok(())
}

/// What all repositories of a hub share.
#[derive(Debug)]
struct Installed {
    names: Names,
    site_packages: SitePackages,
    requirements: OnceLock<Requirements>,
}

impl Installed {
    /// Who requires whom, found out when it is first asked.
    fn requirements(&self) -> &Requirements {
        self.requirements.get_or_init(|| Requirements::read(&self.site_packages))
    }
}

/// `@pip`: aliases.
#[derive(Debug)]
struct Hub {
    installed: Arc<Installed>,
}

/// `@pip_requests`: one distribution.
#[derive(Debug)]
struct Spoke {
    installed: Arc<Installed>,
    distribution: String,
}

impl MadeUpRepository for Hub {
    fn package(&self, name: &str) -> Result<Option<Package>, LoadError> {
        let Installed { names, site_packages, .. } = &*self.installed;
        if name.is_empty() {
            return Ok(None);
        }
        let requirements = self.installed.requirements();
        if name == packages::GROUPS {
            return Ok(Some(packages::groups(names, site_packages, requirements)));
        }
        let normalized = site_packages::normalize(name);
        if normalized != name && site_packages.get(&normalized).is_some() {
            let message = format!("no such package '@{}//{name}': it is called '{normalized}'", names.hub);
            return Err(LoadError::new(LoadErrorKind::NoBuildFile, message)
                .with_note("labels have distributions' names in lower case, with _ for - and ."));
        }
        match site_packages.get(name) {
            Some(distribution) => Ok(Some(packages::aliases(names, distribution.intact()?))),
            None => Err(requirements.not_installed(name, site_packages)),
        }
    }

    fn packages(&self) -> Result<Vec<String>, LoadError> {
        Ok(self.installed.site_packages.names().map(str::to_owned).collect())
    }

    fn note_on_missing(&self, target: &str) -> Option<String> {
        note_on_missing(target)
    }
}

impl MadeUpRepository for Spoke {
    fn package(&self, name: &str) -> Result<Option<Package>, LoadError> {
        let Installed { names, site_packages, .. } = &*self.installed;
        let Some(distribution) = site_packages.get(&self.distribution) else { return Ok(None) };
        let distribution = distribution.intact()?;
        match name {
            "" => Ok(Some(packages::topmost(names, distribution))),
            packages::SITE_PACKAGES => {
                let requirements = self.installed.requirements();
                packages::library(names, site_packages, distribution, requirements).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn packages(&self) -> Result<Vec<String>, LoadError> {
        Ok(vec![String::new(), packages::SITE_PACKAGES.to_owned()])
    }

    fn note_on_missing(&self, target: &str) -> Option<String> {
        note_on_missing(target)
    }
}

/// What to say of targets that rules_python's repositories have, and these cannot have.
fn note_on_missing(target: &str) -> Option<String> {
    matches!(target, "whl" | "_whl").then(|| {
        "the hub is made of what is installed in a site-packages folder, which keeps no wheels; :pkg, :dist_info and \
         :extracted_whl_files are there"
            .to_owned()
    })
}

/// Reads a file of a distribution's.
fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    let trouble = |problem: String| {
        let location = Location { file: Arc::from(path), line: 0 };
        LoadError::new(LoadErrorKind::File, problem).at(location)
    };
    let metadata = fs::metadata(path).map_err(|error| trouble(format!("it cannot be read: {error}")))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(trouble(format!("it is no regular file of at most {} MiB", MAX_FILE_BYTES >> 20)));
    }
    fs::read(path).map_err(|error| trouble(format!("it cannot be read: {error}")))
}

#[cfg(test)]
mod tests;
