//! Target patterns, as Bazel writes them: <https://bazel.build/run/build#specifying-build-targets>.
//!
//! A pattern is read without looking at the disk: which packages there are below a folder, and where in a path such as
//! `a/b/c` the package ends, is for whoever knows the packages.

use std::fmt;

/// Which targets are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it was typed.
    pub(crate) text: String,
    /// Whether they are wanted or, with a `-` before it, taken away from those before.
    pub(crate) sign: Sign,
    /// The repository.
    pub(crate) repository: Repository,
    /// The targets in it.
    pub(crate) subject: Subject,
}

/// Whether a pattern adds or takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// `//a/...`
    Wanted,
    /// `-//a/...`
    Unwanted,
}

/// How a repository is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repository {
    /// The one the workspace is: no name, `@` or `@@`.
    Main,
    /// `@name`: as the main module calls it.
    Apparent(String),
    /// `@@name`: its canonical name.
    Canonical(String),
}

/// Which targets of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `//a:b`, `//a`, `:b`
    Target {
        /// The package; empty for the topmost.
        package: String,
        /// The target, or a source file.
        name: String,
    },
    /// `a/b/c`: `//a/b/c:c` if `a/b/c` is a package, else `//a/b:c` if `a/b` is one, and so on up to `//:a/b/c`.
    /// [`Subject::candidates`] lists them.
    Path(String),
    /// `//a:all`, `:all`, `//a:*`
    Package {
        /// The package; empty for the topmost.
        package: String,
        /// Which of its targets.
        which: Which,
    },
    /// `//a/...`, `...`, `//a/...:*`
    Below {
        /// The folder; empty for the topmost. It need be no package itself.
        folder: String,
        /// Which of the packages' targets.
        which: Which,
    },
}

/// Which targets of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that rules make: `all`.
    Rules,
    /// And files: `*`, `all-targets`.
    RulesAndFiles,
}

/// A text is no target pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no target pattern: {problem}")]
pub(crate) struct BadPattern {
    text: String,
    problem: &'static str,
}

impl Pattern {
    /// Reads a pattern that was typed in the package `here`.
    ///
    /// # Errors
    /// It is none; the message quotes it and says why.
    pub(crate) fn read(text: &str, here: &str) -> Result<Pattern, BadPattern> {
        let bad = |problem| BadPattern { text: text.to_owned(), problem };
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (Sign::Unwanted, rest),
            None => (Sign::Wanted, text),
        };
        if rest.contains(['\0', '\\']) {
            return Err(bad("a label has neither backslashes nor NULs"));
        }
        let (repository, rest) = repository(rest).map_err(bad)?;
        let subject = match rest.strip_prefix("//") {
            Some(absolute) => absolute_subject(absolute),
            None if repository != Repository::Main => Err("`//` follows the repository's name"),
            None if rest.starts_with('/') => {
                Err("a path of the file system is no label; labels begin with `//`")
            }
            None => relative_subject(rest, here),
        };
        Ok(Pattern { text: text.to_owned(), sign, repository, subject: subject.map_err(bad)? })
    }

    /// Whether it can only ever mean one target.
    pub(crate) fn is_single(&self) -> bool {
        self.sign == Sign::Wanted && matches!(self.subject, Subject::Target { .. } | Subject::Path(_))
    }
}

impl fmt::Display for Pattern {
    /// As it was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Subject {
    /// What a path may mean, in the order to try: a package, and a name in it. One for [`Subject::Target`]; none for sets
    /// of targets.
    pub(crate) fn candidates(&self) -> Vec<(&str, &str)> {
        match self {
            Subject::Target { package, name } => vec![(package.as_str(), name.as_str())],
            Subject::Path(path) => {
                let last = path.rsplit('/').next().unwrap_or(path);
                let cuts = path.rmatch_indices('/').map(|(at, _)| (&path[..at], &path[at + 1..]));
                let mut candidates = vec![(path.as_str(), last)];
                candidates.extend(cuts);
                candidates.push(("", path));
                candidates
            }
            Subject::Package { .. } | Subject::Below { .. } => Vec::new(),
        }
    }
}

/// Takes the repository off a pattern's front.
fn repository(text: &str) -> Result<(Repository, &str), &'static str> {
    let Some(rest) = text.strip_prefix('@') else {
        return Ok((Repository::Main, text));
    };
    let (canonical, rest) = match rest.strip_prefix('@') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (name, rest) = match rest.find("//") {
        Some(at) => rest.split_at(at),
        None => return Err("`//` follows the repository's name"),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '~');
    if !name.chars().all(plain) || matches!(name, "." | "..") {
        return Err("a repository's name has only letters, digits and `_-.+~`");
    }
    let repository = match (name, canonical) {
        ("", _) => Repository::Main,
        (name, true) => Repository::Canonical(name.to_owned()),
        (name, false) => Repository::Apparent(name.to_owned()),
    };
    Ok((repository, rest))
}

/// What follows `//`.
fn absolute_subject(text: &str) -> Result<Subject, &'static str> {
    let (package, name) = match text.split_once(':') {
        Some((package, name)) => (package, Some(name)),
        None => (text, None),
    };
    if let Some(folder) = below(package) {
        return in_folder(folder, name);
    }
    let package = checked_package(package)?;
    match name {
        Some(name) => in_package(package, name),
        None if package.is_empty() => Err("the topmost package has no name; say `//:NAME`"),
        None => {
            let name = package.rsplit('/').next().unwrap_or(&package).to_owned();
            Ok(Subject::Target { package, name })
        }
    }
}

/// What was typed without `//`, in the package `here`.
fn relative_subject(text: &str, here: &str) -> Result<Subject, &'static str> {
    let join = |path: &str| match (here, path) {
        ("", path) => path.to_owned(),
        (here, "") => here.to_owned(),
        (here, path) => format!("{here}/{path}"),
    };
    let text = text.strip_prefix("./").unwrap_or(text);
    let (path, name) = match text.split_once(':') {
        Some((path, name)) => (path, Some(name)),
        None => (text, None),
    };
    if let Some(folder) = below(path) {
        return in_folder(&join(folder), name);
    }
    match name {
        Some(name) => in_package(checked_package(&join(path))?, name),
        None if path.is_empty() || path == "." => Err("it is empty"),
        None => Ok(Subject::Path(checked_package(&join(path.trim_end_matches('/')))?)),
    }
}

/// The folder of `a/...`; of `...` the topmost.
fn below(package: &str) -> Option<&str> {
    match package {
        "..." => Some(""),
        _ => package.strip_suffix("/..."),
    }
}

/// `folder/...`, with what follows its colon.
fn in_folder(folder: &str, name: Option<&str>) -> Result<Subject, &'static str> {
    let which = match name {
        None => Which::Rules,
        Some(name) => which(name).ok_or("only `:all`, `:*` or `:all-targets` can follow `...`")?,
    };
    Ok(Subject::Below { folder: checked_package(folder)?, which })
}

fn in_package(package: String, name: &str) -> Result<Subject, &'static str> {
    if let Some(which) = which(name) {
        return Ok(Subject::Package { package, which });
    }
    if name.is_empty() {
        return Err("no name follows the `:`");
    }
    if !is_inside(name) {
        return Err("the name has an empty, `.` or `..` component");
    }
    Ok(Subject::Target { package, name: name.to_owned() })
}

fn which(name: &str) -> Option<Which> {
    match name {
        "all" => Some(Which::Rules),
        "*" | "all-targets" => Some(Which::RulesAndFiles),
        _ => None,
    }
}

fn checked_package(package: &str) -> Result<String, &'static str> {
    let package = package.strip_suffix('/').unwrap_or(package);
    if package.split('/').any(|component| component == "...") {
        return Err("`...` can only stand at the end");
    }
    if !package.is_empty() && !is_inside(package) {
        return Err("the package has an empty, `.` or `..` component");
    }
    Ok(package.to_owned())
}

/// Whether a path stays below where it starts.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|component| !matches!(component, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, here: &str) -> String {
        match Pattern::read(text, here) {
            Ok(pattern) => format!("{:?} {:?} {:?}", pattern.sign, pattern.repository, pattern.subject),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn absolute_patterns() {
        let cases = [
            ("//a:b", r#"Wanted Main Target { package: "a", name: "b" }"#),
            ("//a/b", r#"Wanted Main Target { package: "a/b", name: "b" }"#),
            ("//a/b/", r#"Wanted Main Target { package: "a/b", name: "b" }"#),
            ("//:b", r#"Wanted Main Target { package: "", name: "b" }"#),
            ("//a:sub/b.py", r#"Wanted Main Target { package: "a", name: "sub/b.py" }"#),
            ("//a:all", r#"Wanted Main Package { package: "a", which: Rules }"#),
            ("//a:*", r#"Wanted Main Package { package: "a", which: RulesAndFiles }"#),
            ("//...", r#"Wanted Main Below { folder: "", which: Rules }"#),
            ("//a/...", r#"Wanted Main Below { folder: "a", which: Rules }"#),
            ("//a/...:all-targets", r#"Wanted Main Below { folder: "a", which: RulesAndFiles }"#),
            ("-//a/...", r#"Unwanted Main Below { folder: "a", which: Rules }"#),
            ("@pip//requests", r#"Wanted Apparent("pip") Target { package: "requests", name: "requests" }"#),
            ("@@pip+//...", r#"Wanted Canonical("pip+") Below { folder: "", which: Rules }"#),
            ("@//a", r#"Wanted Main Target { package: "a", name: "a" }"#),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, "some/where"), expected, "{text}");
        }
    }

    #[test]
    fn relative_patterns_start_where_they_are_typed() {
        let cases = [
            (":b", "", r#"Wanted Main Target { package: "", name: "b" }"#),
            (":b", "x/y", r#"Wanted Main Target { package: "x/y", name: "b" }"#),
            (":all", "x", r#"Wanted Main Package { package: "x", which: Rules }"#),
            ("a:b", "x", r#"Wanted Main Target { package: "x/a", name: "b" }"#),
            ("a/b", "x", r#"Wanted Main Path("x/a/b")"#),
            ("./a/b/", "", r#"Wanted Main Path("a/b")"#),
            ("...", "", r#"Wanted Main Below { folder: "", which: Rules }"#),
            ("...", "x", r#"Wanted Main Below { folder: "x", which: Rules }"#),
            ("a/...", "x", r#"Wanted Main Below { folder: "x/a", which: Rules }"#),
            ("...:*", "x", r#"Wanted Main Below { folder: "x", which: RulesAndFiles }"#),
            ("-a/...", "x", r#"Unwanted Main Below { folder: "x/a", which: Rules }"#),
        ];
        for (text, here, expected) in cases {
            assert_eq!(read(text, here), expected, "{text} in {here}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        let cases = [
            ("", "it is empty"),
            ("-", "it is empty"),
            ("//", "the topmost package has no name; say `//:NAME`"),
            ("//a:", "no name follows the `:`"),
            ("//a//b", "the package has an empty, `.` or `..` component"),
            ("../a", "the package has an empty, `.` or `..` component"),
            ("//a:../b", "the name has an empty, `.` or `..` component"),
            ("/a/b", "a path of the file system is no label; labels begin with `//`"),
            ("@pip", "`//` follows the repository's name"),
            ("@pip:x", "`//` follows the repository's name"),
            ("@a b//x", "a repository's name has only letters, digits and `_-.+~`"),
            ("//a/.../b", "`...` can only stand at the end"),
            ("//a/...:b", "only `:all`, `:*` or `:all-targets` can follow `...`"),
            ("a\\b", "a label has neither backslashes nor NULs"),
        ];
        for (text, problem) in cases {
            assert_eq!(read(text, ""), format!("{text:?} is no target pattern: {problem}"));
        }
    }

    #[test]
    fn a_path_is_tried_from_the_deepest_package_up() {
        let pattern = Pattern::read("a/b/c", "").unwrap();
        assert_eq!(pattern.subject.candidates(), [("a/b/c", "c"), ("a/b", "c"), ("a", "b/c"), ("", "a/b/c")]);
    }
}
