//! Labels as people write them: relative, with apparent repositories, abbreviated.

/// A label's text, taken apart but not yet resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelText<'a> {
    pub(crate) repository: RepositoryText<'a>,
    /// None: the package of whoever says it.
    pub(crate) package: Option<&'a str>,
    pub(crate) name: &'a str,
}

/// How a label names its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryText<'a> {
    /// Not at all: that of whoever says it.
    Own,
    /// `@name`, by the name it has where it is said; empty for the main one.
    Apparent(&'a str),
    /// `@@name`, by the name it has everywhere.
    Canonical(&'a str),
}

/// Takes a label's text apart.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn split(text: &str) -> Result<LabelText<'_>, String> {
    let (repository, rest) = split_repository(text)?;
    let (package, name) = match (rest, repository) {
        // Bazel: `@name` is short for `@name//:name`.
        (None, RepositoryText::Apparent(name) | RepositoryText::Canonical(name)) => (Some(""), name),
        (None, RepositoryText::Own) => (None, text),
        (Some(rest), _) => match rest.strip_prefix("//") {
            Some(rest) => match rest.split_once(':') {
                Some((package, name)) => (Some(package), name),
                None => (Some(rest), rest.rsplit('/').next().unwrap_or(rest)),
            },
            None => (None, rest.strip_prefix(':').unwrap_or(rest)),
        },
    };
    check_name(text, package, name)?;
    Ok(LabelText { repository, package, name })
}

/// The repository, and what follows it: none where nothing does.
fn split_repository(text: &str) -> Result<(RepositoryText<'_>, Option<&str>), String> {
    let Some(named) = text.strip_prefix('@') else {
        return Ok((RepositoryText::Own, Some(text)));
    };
    let canonical = named.strip_prefix('@');
    let named = canonical.unwrap_or(named);
    let (repository, rest) = match named.find("//") {
        Some(at) => (&named[..at], Some(&named[at..])),
        None => (named, None),
    };
    if repository.contains(['/', ':', '@', '\\']) || matches!(repository, "." | "..") {
        return Err(format!("'{text}' is no label: the repository's name is followed by '//'"));
    }
    if repository.is_empty() && rest.is_none() {
        return Err(format!("'{text}' is no label: it names neither a repository nor a target"));
    }
    let repository = match canonical {
        Some(_) => RepositoryText::Canonical(repository),
        None => RepositoryText::Apparent(repository),
    };
    Ok((repository, rest))
}

fn check_name(text: &str, package: Option<&str>, name: &str) -> Result<(), String> {
    let bad = |problem: &str| Err(format!("'{text}' is no label: {problem}"));
    if package.is_some_and(|package| package.split('/').any(|part| part == "...")) || name == "..." {
        return bad("it is a pattern of many targets");
    }
    if name.is_empty() {
        return bad("the target's name is empty");
    }
    if name.contains(':') {
        return bad("a label with a package begins with '//' or '@', and has one ':'");
    }
    if let Some(bad_char) = name.chars().find(|&c| c == '\\' || c.is_control()) {
        return Err(format!("'{text}' is no label: {bad_char:?} is no character of a target's name"));
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return bad("the target's name has an empty, '.' or '..' component");
    }
    if let Some(package) = package
        && !package.is_empty()
        && package.split('/').any(|part| part.is_empty() || part.chars().all(|c| c == '.'))
    {
        return bad("the package's name has an empty component or one of dots alone");
    }
    if package.is_some_and(|package| package.contains(['\\', '\0', '\n'])) {
        return bad("the package's name has a character that no package's name has");
    }
    Ok(())
}
