//! Which Python the pycs are for, and what compiles for it.
//!
//! What was typed wins. Else every place that speaks of a version is asked, in this order: `VIRTUAL_ENV`, a
//! `lib/pythonX.Y` in the PATHS, the nearest `.python-version`; those that speak have to agree. Only where all are
//! silent does `python3` on PATH decide. Nothing here starts a process: an interpreter is asked when it has to be.

mod clues;
mod engine;
mod search_path;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use prepyc_version::PyRelease;

use super::files::TargetArguments;
use super::path_text::shown;
use clues::Clue;
pub(crate) use engine::{LazyEngine, natively_compiled, no_native_compiler, start_interpreter};
pub(crate) use search_path::find_on_path;

/// What the environment says, gathered once so that the choice itself depends on nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// `VIRTUAL_ENV`.
    pub(crate) virtual_env: Option<PathBuf>,
    /// `PATH`.
    pub(crate) search_path: OsString,
    /// The working directory.
    pub(crate) folder: PathBuf,
}

/// The target, as far as it can be known without asking an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The release; `None` where the interpreter has to be asked.
    pub(crate) release: Option<PyRelease>,
    /// Where the release comes from, for messages: `--python-version`, `VIRTUAL_ENV (/srv/app/.venv)`.
    pub(crate) said_by: String,
    /// The interpreters to try, in this order.
    pub(crate) interpreters: Vec<PathBuf>,
    /// Whether the first interpreter was typed: then it has to be asked, and no other will do.
    pub(crate) named: Named,
}

/// Whether the interpreter was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// `--python EXE`.
    Yes,
    /// It was looked for.
    No,
}

impl Surroundings {
    /// What this process was started in.
    pub(crate) fn of_process() -> anyhow::Result<Surroundings> {
        Ok(Surroundings {
            virtual_env: env::var_os("VIRTUAL_ENV").filter(|value| !value.is_empty()).map(PathBuf::from),
            search_path: env::var_os("PATH").unwrap_or_default(),
            folder: env::current_dir().context("cannot tell the working directory")?,
        })
    }
}

/// Chooses the target for files below `paths`.
///
/// # Errors
/// Where nothing speaks of a version, where two places disagree, where `--python` is not there; the message names the option.
pub(crate) fn choose(
    arguments: &TargetArguments,
    paths: &[PathBuf],
    surroundings: &Surroundings,
) -> anyhow::Result<Choice> {
    if let Some(named) = &arguments.python {
        return Ok(Choice {
            release: arguments.python_version,
            said_by: "--python-version".to_owned(),
            interpreters: vec![named_interpreter(named, surroundings)?],
            named: Named::Yes,
        });
    }
    if let Some(release) = arguments.python_version {
        let clues = clues::gather(paths, surroundings).unwrap_or_default();
        return Ok(Choice {
            release: Some(release),
            said_by: "--python-version".to_owned(),
            interpreters: candidates(release, &clues, surroundings),
            named: Named::No,
        });
    }
    let clues = clues::gather(paths, surroundings)?;
    let Some(first) = clues.first() else {
        let interpreters = find_on_path("python3", &surroundings.search_path);
        if interpreters.is_empty() {
            bail!(
                "nothing says which Python to compile for: no virtual environment, no lib/pythonX.Y in the \
                 PATHS, no .python-version, no python3 on PATH; give --python-version X.Y or --python EXE"
            );
        }
        let said_by = "python3 on PATH".to_owned();
        return Ok(Choice { release: None, said_by, interpreters, named: Named::No });
    };
    if let Some(other) = clues.iter().find(|clue| clue.release != first.release) {
        bail!(
            "{} says Python {}, but {} says {}; --python-version decides",
            first.said_by,
            first.release,
            other.said_by,
            other.release
        );
    }
    Ok(Choice {
        release: Some(first.release),
        said_by: first.said_by.clone(),
        interpreters: candidates(first.release, &clues, surroundings),
        named: Named::No,
    })
}

/// The interpreters that may serve `release`: those the clues of that release name, `pythonX.Y`, and `python3`.
fn candidates(release: PyRelease, clues: &[Clue], surroundings: &Surroundings) -> Vec<PathBuf> {
    let of_clues = clues.iter().filter(|clue| clue.release == release).flat_map(|clue| &clue.interpreters);
    let mut candidates: Vec<PathBuf> = of_clues.cloned().collect();
    candidates.extend(find_on_path(format!("python{release}"), &surroundings.search_path));
    candidates.extend(find_on_path("python3", &surroundings.search_path));
    let mut unique = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if !unique.contains(&candidate) {
            unique.push(candidate);
        }
    }
    unique
}

fn named_interpreter(named: &Path, surroundings: &Surroundings) -> anyhow::Result<PathBuf> {
    if named.components().count() > 1 || named.has_root() || named.as_os_str().to_string_lossy().contains('/')
    {
        if !named.exists() {
            bail!("--python {}: there is no such file", shown(named));
        }
        return Ok(named.to_owned());
    }
    find_on_path(named.as_os_str(), &surroundings.search_path)
        .into_iter()
        .next()
        .with_context(|| format!("--python {}: no such program on PATH; give its path", shown(named)))
}
