//! Labels: the names of targets and of files, and the paths that follow from them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The main repository's folder in a tree of runfiles.
pub const MAIN_REPOSITORY: &str = "_main";

/// A target or a file: `@repository//package:name`, the repository empty for the main one.
///
/// Ordered by repository, package, name. No part of it leads out of its folder.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    repository: Arc<str>,
    package: Arc<str>,
    name: Arc<str>,
}

/// A text is no absolute label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a label: {problem}")]
pub struct BadLabel {
    text: String,
    problem: &'static str,
}

impl Label {
    /// The label of those three parts.
    ///
    /// # Errors
    /// A part that is no name: empty, absolute, or with an empty, `.` or `..` component.
    pub fn new(repository: &str, package: &str, name: &str) -> Result<Label, BadLabel> {
        let problem = if repository.contains(['/', ':', '\0']) || matches!(repository, "." | "..") {
            Some("the repository is no single name")
        } else if !package.is_empty() && !is_inside(package) || package.contains(':') {
            Some("the package is no relative path without empty, `.` or `..` components")
        } else if !is_inside(name) {
            Some("the name is no relative path without empty, `.` or `..` components")
        } else {
            None
        };
        match problem {
            Some(problem) => {
                let at = if repository.is_empty() { "" } else { "@" };
                Err(BadLabel { text: format!("{at}{repository}//{package}:{name}"), problem })
            }
            None => Ok(Label {
                repository: Arc::from(repository),
                package: Arc::from(package),
                name: Arc::from(name),
            }),
        }
    }

    /// The canonical repository's name; empty for the main repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The package, relative to its repository; empty for the topmost.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The name, relative to the package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are of one package of one repository.
    pub fn shares_package_with(&self, other: &Label) -> bool {
        self.package == other.package && self.repository == other.repository
    }

    /// A name in the same package. It must be made of this label's own components.
    pub(crate) fn with_name(&self, name: &str) -> Label {
        debug_assert!(is_inside(name), "{name:?} leads out of {self}");
        Label { name: Arc::from(name), ..self.clone() }
    }

    /// The path below the repository's folder.
    pub fn path(&self) -> String {
        if self.package.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.package, self.name)
        }
    }

    /// Bazel's short path: below the main repository's folder in runfiles, from where others are `../REPOSITORY`.
    pub fn short_path(&self) -> String {
        if self.repository.is_empty() {
            self.path()
        } else {
            format!("../{}/{}", self.repository, self.path())
        }
    }

    /// The path in a tree of runfiles.
    pub fn runfiles_path(&self) -> String {
        let repository = if self.repository.is_empty() { MAIN_REPOSITORY } else { &self.repository };
        format!("{repository}/{}", self.path())
    }

    /// The last component of the name.
    pub fn basename(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// Whether a path stays below where it starts.
fn is_inside(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|component| !matches!(component, "" | "." | ".."))
}

impl FromStr for Label {
    type Err = BadLabel;

    /// Reads an absolute label: `//package:name`, `//package`, `@repository//package:name`, `@@repository//…`.
    fn from_str(text: &str) -> Result<Label, BadLabel> {
        let bad = |problem| BadLabel { text: text.to_owned(), problem };
        let (repository, rest) =
            text.split_once("//").ok_or_else(|| bad("it has no `//` before its package"))?;
        let repository = match repository.strip_prefix('@') {
            Some(named) => named.strip_prefix('@').unwrap_or(named),
            None if repository.is_empty() => repository,
            None => return Err(bad("a repository begins with `@`")),
        };
        let (package, name) = match rest.split_once(':') {
            Some(parts) => parts,
            None => (rest, rest.rsplit('/').next().unwrap_or(rest)),
        };
        Label::new(repository, package, name).map_err(|error| bad(error.problem))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.repository.is_empty() {
            write!(f, "@{}", self.repository)?;
        }
        write!(f, "//{}:{}", self.package, self.name)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
