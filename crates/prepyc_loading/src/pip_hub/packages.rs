//! The packages of a hub's repositories, with the targets that rules_python's repositories have
//! (`python/private/pypi/whl_library_targets.bzl`).
//!
//! A distribution's files are in the package `site-packages` of its repository, so that they and the library that compiles
//! them share a package whatever the folder on disk is called, and stand in runfiles where rules_python puts them:
//! `pip_requests/site-packages/requests/__init__.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prepyc_plan::Label;

use super::record::Files;
use super::requirements::{Needs, Requirements};
use super::site_packages::{DistInfo, SitePackages};
use crate::error::{LoadError, LoadErrorKind};
use crate::package::{Attribute, Location, Package, PackageId, Part, Rule, Select, Target, Value};

/// The package of the libraries that groups of distributions are, in the hub.
pub(super) const GROUPS: &str = "_groups";
/// The package of a distribution's files, in its repository.
pub(super) const SITE_PACKAGES: &str = "site-packages";

/// The library that everyone is to depend on.
const PUBLIC_LIBRARY: &str = "pkg";
/// The library of a member of a group, which only the group depends on.
const MEMBER_LIBRARY: &str = "_pkg";
/// The targets besides the library.
const FILEGROUPS: [&str; 3] = ["data", "dist_info", "extracted_whl_files"];
/// The conditions of rules_python that ask for a version.
const VERSION_CONDITION: &str = "@rules_python//python/config_settings:is_python_3.";
const DEFAULT_CONDITION: &str = "//conditions:default";

/// What the repositories are called: canonical names.
#[derive(Debug)]
pub(super) struct Names {
    /// The hub.
    pub(super) hub: String,
    /// Each distribution's repository.
    pub(super) spokes: BTreeMap<String, String>,
}

impl Names {
    fn spoke<'a>(&'a self, distribution: &'a str) -> &'a str {
        self.spokes.get(distribution).map_or(distribution, String::as_str)
    }

    /// A target of a distribution's, as everyone names it: through the hub.
    fn in_hub(&self, distribution: &str, target: &str) -> String {
        format!("@{}//{distribution}:{target}", self.hub)
    }

    fn in_spoke(&self, distribution: &str, target: &str) -> String {
        format!("@{}//{SITE_PACKAGES}:{target}", self.spoke(distribution))
    }

    /// The library of a group.
    fn group(&self, members: &[String]) -> String {
        format!("@{}//{GROUPS}:{}", self.hub, group_target(members))
    }
}

/// `@pip//requests`: aliases to what is in the distribution's own repository.
pub(super) fn aliases(names: &Names, info: &DistInfo) -> Package {
    let mut package = Draft::new(&names.hub, &info.name, &info.path);
    package.alias(PUBLIC_LIBRARY, names.in_spoke(&info.name, PUBLIC_LIBRARY));
    for target in FILEGROUPS {
        package.alias(target, names.in_spoke(&info.name, target));
    }
    if package.package.targets.contains_key(info.name.as_str()) {
        return package.package;
    }
    package.alias(&info.name, names.in_hub(&info.name, PUBLIC_LIBRARY));
    package.package
}

/// `@pip//_groups`: for each group a library that depends on all its members.
pub(super) fn groups(names: &Names, site_packages: &SitePackages, requirements: &Requirements) -> Package {
    let mut package = Draft::new(&names.hub, GROUPS, &site_packages.folder);
    for members in requirements.groups() {
        let deps = members.iter().map(|member| Value::String(names.in_spoke(member, MEMBER_LIBRARY)));
        let deps = Attribute::plain(Value::List(deps.collect()));
        package.target(&group_target(members), Rule::PyLibrary, [("deps", deps)]);
    }
    package.package
}

/// `@pip_requests//`: aliases, for those who name the repository itself.
pub(super) fn topmost(names: &Names, info: &DistInfo) -> Package {
    let mut package = Draft::new(names.spoke(&info.name), "", &info.path);
    for target in [PUBLIC_LIBRARY].into_iter().chain(FILEGROUPS) {
        package.alias(target, names.in_spoke(&info.name, target));
    }
    package.package
}

/// `@pip_requests//site-packages`: the library and its files.
///
/// # Errors
/// RECORD or METADATA is wrong, or a file is called what no label can be.
pub(super) fn library(
    names: &Names,
    site_packages: &SitePackages,
    info: &DistInfo,
    requirements: &Requirements,
) -> Result<Package, LoadError> {
    let files = Files::read(&site_packages.folder, info)?;
    let needs = requirements.needs(&info.name)?;
    let spoke = names.spoke(&info.name);
    let labels = |paths: &[String]| -> Result<Vec<Value>, LoadError> {
        let label = |path: &String| {
            Label::new(spoke, SITE_PACKAGES, path).map(|label| Value::String(label.to_string())).map_err(
                |error| {
                    let record = Arc::from(info.path.join("RECORD"));
                    LoadError::new(LoadErrorKind::File, error.to_string())
                        .at(Location { file: record, line: 0 })
                },
            )
        };
        paths.iter().map(label).collect()
    };
    let sources = labels(&files.sources)?;
    let data = labels(&files.data)?;

    let mut package = Draft::new(spoke, SITE_PACKAGES, &info.path);
    package.package.folder.clone_from(&site_packages.folder);
    package.package.mentioned =
        files.sources.iter().chain(&files.data).map(|path| Arc::from(path.as_str())).collect();
    let own_info = |path: &&String| path.starts_with(&format!("{}/", info.folder_name));
    let dist_info: Vec<String> = files.data.iter().filter(own_info).cloned().collect();
    package.filegroup("dist_info", labels(&dist_info)?);
    // A wheel's `data` scheme is installed outside of the site-packages folder.
    package.filegroup("data", Vec::new());
    package.filegroup("extracted_whl_files", sources.iter().chain(&data).cloned().collect());

    let tags = [format!("pypi_name={}", info.written_name), format!("pypi_version={}", info.version)];
    let attributes = [
        ("srcs", Attribute::plain(Value::List(sources))),
        ("data", Attribute::plain(Value::List(data))),
        ("imports", Attribute::plain(Value::List(vec![Value::String(".".to_owned())]))),
        ("deps", dependencies(names, &needs)?),
        ("tags", Attribute::plain(Value::List(tags.into_iter().map(Value::String).collect()))),
    ];
    match requirements.group_of(&info.name) {
        None => package.target(PUBLIC_LIBRARY, Rule::PyLibrary, attributes),
        Some(members) => {
            package.target(MEMBER_LIBRARY, Rule::PyLibrary, attributes);
            package.alias(PUBLIC_LIBRARY, names.group(members));
        }
    }
    Ok(package.package)
}

/// `deps`: what is always needed, and a `select()` where versions of Python differ. Where no version is known, all of it.
fn dependencies(names: &Names, needs: &Needs) -> Result<Attribute, LoadError> {
    let list = |distributions: &BTreeSet<String>| {
        let labels = distributions.iter().map(|name| Value::String(names.in_hub(name, PUBLIC_LIBRARY)));
        Value::List(labels.collect())
    };
    let mut attribute = Attribute::plain(list(&needs.always));
    if needs.by_minor.is_empty() {
        return Ok(attribute);
    }
    let mut branches = Vec::new();
    for (minor, distributions) in &needs.by_minor {
        branches.push((condition(&format!("{VERSION_CONDITION}{minor}"))?, list(distributions)));
    }
    let all: BTreeSet<String> = needs.by_minor.values().flatten().cloned().collect();
    branches.push((condition(DEFAULT_CONDITION)?, list(&all)));
    attribute.parts.push(Part::Select(Select { branches, no_match_error: String::new() }));
    Ok(attribute)
}

fn condition(text: &str) -> Result<Label, LoadError> {
    text.parse::<Label>().map_err(|error| LoadError::new(LoadErrorKind::Label, error.to_string()))
}

fn group_target(members: &[String]) -> String {
    format!("{}_{PUBLIC_LIBRARY}", members.first().map_or("", String::as_str))
}

/// A package that is being made.
struct Draft {
    package: Package,
    location: Location,
}

impl Draft {
    /// `described_by` is what messages name as the place of its targets.
    fn new(repository: &str, name: &str, described_by: &Path) -> Draft {
        let package = Package {
            id: PackageId { repository: Arc::from(repository), name: Arc::from(name) },
            folder: PathBuf::from(described_by),
            targets: BTreeMap::new(),
            exported_files: BTreeMap::new(),
            default_visibility: vec!["//visibility:public".to_owned()],
            default_testonly: false,
            mentioned: BTreeSet::new(),
            messages: Vec::new(),
        };
        Draft { package, location: Location { file: Arc::from(described_by), line: 0 } }
    }

    fn target<'a>(
        &mut self,
        name: &str,
        rule: Rule,
        attributes: impl IntoIterator<Item = (&'a str, Attribute)>,
    ) {
        let PackageId { repository, name: package } = &self.package.id;
        let label = Label::new(repository, package, name).expect("its parts are names of our own");
        let mut attributes: BTreeMap<Arc<str>, Attribute> =
            attributes.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
        let public = Value::List(vec![Value::String("//visibility:public".to_owned())]);
        attributes.insert(Arc::from("visibility"), Attribute::plain(public));
        let target = Target { label, rule, location: self.location.clone(), attributes };
        self.package.targets.insert(Arc::from(name), target);
    }

    fn alias(&mut self, name: &str, actual: String) {
        self.target(name, Rule::Alias, [("actual", Attribute::plain(Value::String(actual)))]);
    }

    fn filegroup(&mut self, name: &str, sources: Vec<Value>) {
        self.target(name, Rule::Filegroup, [("srcs", Attribute::plain(Value::List(sources)))]);
    }
}
