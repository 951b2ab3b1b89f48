//! From labels in attributes to targets and files: aliases followed, groups opened, visibility asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use prepyc_loading::{LoadErrorKind, Location, PackageId, Rule, SourceFile, SourceVisibility, Target, Value};
use prepyc_plan::Label;

use super::condition::{Conditions, MAX_ALIASES, as_label};
use super::error::AnalysisError;
use super::found::{Declared, Named, look_up};
use super::target::File;

/// So deep groups may be in groups.
const MAX_GROUPS: usize = 200;

/// What a label comes to once aliases are followed.
pub(crate) enum Referent {
    /// A target of some rule.
    Target(Declared),
    /// A source file.
    File(File),
}

/// What an attribute's labels come to, groups opened.
pub(crate) struct Referents {
    /// Files, in order, each once.
    pub(crate) files: Vec<File>,
    /// Targets that are neither aliases nor groups of files.
    pub(crate) targets: Vec<Declared>,
}

/// Referents on their way, and where they were looked for.
#[derive(Default)]
struct Opening {
    files: Vec<File>,
    targets: Vec<Declared>,
    seen: BTreeSet<Label>,
    /// The groups that are open, outermost first.
    path: Vec<Label>,
}

impl Conditions<'_> {
    /// The labels of an attribute.
    pub(crate) fn labels(&self, target: &Target, name: &str) -> Result<Vec<Label>, AnalysisError> {
        let texts = match self.attribute(target, name)? {
            None => Vec::new(),
            Some(Value::List(texts)) => texts,
            Some(one) => vec![one],
        };
        let here = PackageId::of(&target.label);
        let to_label = |value: &Value| {
            // What a rule takes that nothing is known of stands as it was written.
            let label = as_label(value).or_else(|| match value {
                Value::String(text) => self.loader.workspace().resolve_label(text, &here).ok(),
                _ => None,
            });
            label.ok_or_else(|| {
                let message = format!("{}: {name}: {value:?} is no label", target.label);
                AnalysisError::at(&target.location, message)
            })
        };
        texts.iter().map(to_label).collect()
    }

    /// A label that an attribute holds, if it is set.
    pub(crate) fn label(&self, target: &Target, name: &str) -> Result<Option<Label>, AnalysisError> {
        Ok(self.labels(target, name)?.into_iter().next())
    }

    /// What a label that a target refers to comes to; it has to be visible from there.
    pub(crate) fn refer(&self, from: &Target, label: &Label) -> Result<Referent, AnalysisError> {
        let package = PackageId::of(&from.label);
        let mut label = label.clone();
        let mut referring = (package, from.location.clone(), from.label.clone());
        for _ in 0..MAX_ALIASES {
            let (package, location, referrer) = &referring;
            match self.find(&label, location, referrer)? {
                Named::File(file) => {
                    if PackageId::of(&label) != *package {
                        self.check_file_visibility(&file, package, location, referrer)?;
                    }
                    return Ok(Referent::File(File { label, path: file.path }));
                }
                Named::Target(found) => {
                    let target = found.target();
                    self.check_visibility(found.package(), target, package, location, referrer)?;
                    if target.rule != Rule::Alias {
                        return Ok(Referent::Target(found));
                    }
                    let Some(actual) = self.label(target, "actual")? else {
                        let message = format!("{label}: an alias needs an actual");
                        return Err(AnalysisError::at(&target.location, message));
                    };
                    referring = (PackageId::of(&label), target.location.clone(), label.clone());
                    label = actual;
                }
            }
        }
        let message = format!("{}: {label} is an alias of aliases that come to no end", from.label);
        Err(AnalysisError::at(&from.location, message))
    }

    /// Looks a label up; what is wrong is told at the place that names it.
    fn find(&self, label: &Label, location: &Location, referrer: &Label) -> Result<Named, AnalysisError> {
        look_up(self.loader, label).map_err(|error| match error.kind() {
            LoadErrorKind::NoTarget | LoadErrorKind::NoBuildFile | LoadErrorKind::NoRepository => {
                AnalysisError::at(location, format!("{referrer}: {error}"))
            }
            _ => AnalysisError::Load(error),
        })
    }

    /// Every file and target that an attribute's labels come to: filegroups are opened.
    pub(crate) fn referents(&self, from: &Target, name: &str) -> Result<Referents, AnalysisError> {
        let mut opening = Opening::default();
        for label in self.labels(from, name)? {
            self.open(from, &label, &mut opening)?;
        }
        Ok(Referents { files: opening.files, targets: opening.targets })
    }

    fn open(&self, from: &Target, label: &Label, opening: &mut Opening) -> Result<(), AnalysisError> {
        match self.refer(from, label)? {
            Referent::File(file) => {
                if opening.seen.insert(file.label.clone()) {
                    opening.files.push(file);
                }
            }
            Referent::Target(found) if found.target().rule == Rule::Filegroup => {
                let group = found.target();
                if opening.path.contains(&group.label) || opening.path.len() == MAX_GROUPS {
                    let message = format!("{}: filegroups refer to each other in a circle", group.label);
                    return Err(AnalysisError::at(&group.location, message));
                }
                if opening.seen.insert(group.label.clone()) {
                    opening.path.push(group.label.clone());
                    for name in ["srcs", "data"] {
                        for inner in self.labels(group, name)? {
                            self.open(group, &inner, opening)?;
                        }
                    }
                    opening.path.pop();
                }
            }
            Referent::Target(found) => {
                if opening.seen.insert(found.target().label.clone()) {
                    opening.targets.push(found);
                }
            }
        }
        Ok(())
    }

    fn check_visibility(
        &self,
        package: &Arc<prepyc_loading::Package>,
        target: &Target,
        from: &PackageId,
        location: &Location,
        referrer: &Label,
    ) -> Result<(), AnalysisError> {
        if *from == package.id {
            return Ok(());
        }
        let own = self.attribute(target, "visibility")?;
        let specifications = match own {
            Some(Value::List(own)) => own.iter().filter_map(as_text).collect(),
            _ => package.default_visibility.clone(),
        };
        if self.is_visible(&specifications, &package.id, from)? {
            return Ok(());
        }
        let message = format!(
            "{referrer}: {} is not visible from here; its visibility (in {}) has to name //{}:__pkg__ or \
             //visibility:public",
            target.label, target.location, from.name
        );
        Err(AnalysisError::at(location, message))
    }

    /// Files of other packages have to be exported, or be named by a target of theirs.
    fn check_file_visibility(
        &self,
        file: &SourceFile,
        from: &PackageId,
        location: &Location,
        referrer: &Label,
    ) -> Result<(), AnalysisError> {
        let label = &file.label;
        let message = match &file.visibility {
            SourceVisibility::Mentioned => return Ok(()),
            SourceVisibility::Exported(to) if self.is_visible(to, &file.package.id, from)? => return Ok(()),
            SourceVisibility::Exported(_) => {
                format!("{referrer}: the file {label} is exported, but not visible from here")
            }
            SourceVisibility::Unmentioned => format!(
                "{referrer}: the file {label} is another package's; that package has to export it: \
                 exports_files([{:?}])",
                label.name()
            ),
        };
        Err(AnalysisError::at(location, message))
    }

    /// Whether one of those specifications lets a package in.
    fn is_visible(
        &self,
        specifications: &[String],
        owner: &PackageId,
        from: &PackageId,
    ) -> Result<bool, AnalysisError> {
        for specification in specifications {
            if self.lets_in(specification, owner, from, MAX_ALIASES)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn lets_in(
        &self,
        specification: &str,
        owner: &PackageId,
        from: &PackageId,
        groups: usize,
    ) -> Result<bool, AnalysisError> {
        let Ok(label) = specification.parse::<Label>() else { return Ok(false) };
        if label.package() == "visibility" && matches!(label.name(), "public" | "private" | "legacy_public") {
            return Ok(label.name() != "private");
        }
        let package = PackageId::of(&label);
        match label.name() {
            "__pkg__" => return Ok(package == *from),
            "__subpackages__" => return Ok(is_below(from, &package)),
            _ => {}
        }
        if groups == 0 {
            return Ok(false);
        }
        let Named::Target(found) = look_up(self.loader, &label)? else { return Ok(false) };
        let group = found.target();
        if group.rule != Rule::PackageGroup {
            return Ok(false);
        }
        let texts = |name| -> Result<Vec<String>, AnalysisError> {
            match self.attribute(group, name)? {
                Some(Value::List(values)) => Ok(values.iter().filter_map(as_text).collect()),
                _ => Ok(Vec::new()),
            }
        };
        let mut is_in = false;
        for pattern in texts("packages")? {
            match pattern.strip_prefix('-') {
                Some(excluded) if matches_package(excluded, owner, from) => return Ok(false),
                Some(_) => {}
                None => is_in |= matches_package(&pattern, owner, from),
            }
        }
        for included in texts("includes")? {
            is_in = is_in || self.lets_in(&included, owner, from, groups - 1)?;
        }
        Ok(is_in)
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn is_below(package: &PackageId, top: &PackageId) -> bool {
    package.repository == top.repository
        && (top.name.is_empty()
            || package.name == top.name
            || package.name.strip_prefix(&*top.name).is_some_and(|rest| rest.starts_with('/')))
}

/// A pattern of a `package_group`: `//a/b`, `//a/...`, `//...`, `public`, `private`.
fn matches_package(pattern: &str, owner: &PackageId, from: &PackageId) -> bool {
    match pattern {
        "public" => return true,
        "private" => return false,
        _ => {}
    }
    let (repository, path) = match pattern.split_once("//") {
        Some(("", path)) => (&*owner.repository, path),
        Some((repository, path)) => (repository.trim_start_matches('@'), path),
        None => return false,
    };
    let package = |name: &str| PackageId { repository: Arc::from(repository), name: Arc::from(name) };
    match path.strip_suffix("...") {
        Some(top) => is_below(from, &package(top.trim_end_matches('/'))),
        None => package(path) == *from,
    }
}
