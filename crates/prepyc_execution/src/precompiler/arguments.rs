//! The options that say what to compile and how; those that say how the process runs are the process's own.

use std::ffi::{OsStr, OsString};

use lexopt::Arg;
use prepyc_engine::{InvalidationMode, Optimize};
use prepyc_version::PyRelease;

/// What was typed, option by option.
#[derive(Clone, Debug, Default)]
pub struct CompileArguments {
    /// `--src`, as often as given.
    pub sources: Vec<OsString>,
    /// `--src_name`, as often as given.
    pub source_names: Vec<OsString>,
    /// `--pyc`, as often as given.
    pub pycs: Vec<OsString>,
    /// `--invalidation_mode`.
    pub invalidation_mode: Option<InvalidationMode>,
    /// `--optimize`.
    pub optimize: Option<Optimize>,
    /// `--python_version`.
    pub python_version: Option<PyRelease>,
}

/// The arguments say nothing that can be done.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// They are no arguments of the precompiler.
    #[error("{0}; `prepyc-worker --help` lists what there is")]
    Grammar(#[from] lexopt::Error),
    /// An option has a value it cannot have.
    #[error("{option} {value:?}: {reason}")]
    Value {
        /// Which option.
        option: String,
        /// What was typed.
        value: String,
        /// What it can have.
        reason: String,
    },
    /// The arguments are fine one by one.
    #[error("{0}")]
    Whole(String),
}

impl CompileArguments {
    /// Reads arguments that hold nothing but these options: one line of a params file each.
    ///
    /// # Errors
    /// On anything else.
    pub fn parse<I>(arguments: I) -> Result<CompileArguments, ArgumentError>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut parsed = CompileArguments::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long(name) => {
                    let name = name.to_owned();
                    if !parsed.take(&name, &mut parser)? {
                        return Err(Arg::Long(&name).unexpected().into());
                    }
                }
                // An empty line of a params file.
                Arg::Value(value) if value.is_empty() => {}
                argument => return Err(argument.unexpected().into()),
            }
        }
        Ok(parsed)
    }

    /// Takes an option that is one of these, with its value; `false` where it is none.
    ///
    /// # Errors
    /// If it has no value, or one that it cannot have.
    pub fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool, ArgumentError> {
        match name {
            "src" => self.sources.push(parser.value()?),
            "src_name" => self.source_names.push(parser.value()?),
            "pyc" => self.pycs.push(parser.value()?),
            "invalidation_mode" => {
                self.invalidation_mode = Some(convert(name, parser, invalidation_mode)?);
            }
            "optimize" => self.optimize = Some(convert(name, parser, optimize)?),
            "python_version" => {
                self.python_version = Some(convert(name, parser, |value| {
                    value.parse().map_err(|error: prepyc_version::UnknownVersion| error.to_string())
                })?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn convert<T>(
    name: &str,
    parser: &mut lexopt::Parser,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, ArgumentError> {
    let value = text(&parser.value()?);
    read(&value).map_err(|reason| ArgumentError::Value { option: format!("--{name}"), value, reason })
}

fn invalidation_mode(value: &str) -> Result<InvalidationMode, String> {
    match value.to_ascii_lowercase().as_str() {
        "checked_hash" => Ok(InvalidationMode::CheckedHash),
        "unchecked_hash" => Ok(InvalidationMode::UncheckedHash),
        "timestamp" => Ok(InvalidationMode::Timestamp),
        _ => Err("it is checked_hash, unchecked_hash or timestamp".to_owned()),
    }
}

/// -1 is the level of an interpreter that was started without -O, which is 0: the pyc must not depend on how a build
/// machine's interpreter happens to be started.
// CPython: Python/bltinmodule.c builtin_compile_impl rejects everything outside -1 to 2.
fn optimize(value: &str) -> Result<Optimize, String> {
    let reason = || "it is 0, 1, 2, or -1 for the default, which is 0".to_owned();
    match value.trim().parse().map_err(|_| reason())? {
        -1 => Ok(Optimize::None),
        level => Optimize::from_level(level).ok_or_else(reason),
    }
}

fn text(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_params_file_are_read() {
        let lines = ["--src", "@a.py", "--src_name=--src", "", "--pyc", "a.pyc", "--optimize", "-1"];
        let parsed = CompileArguments::parse(lines).unwrap();
        assert_eq!(parsed.sources, ["@a.py"]);
        assert_eq!(parsed.source_names, ["--src"]);
        assert_eq!(parsed.optimize, Some(Optimize::None));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for (lines, message) in [
            (&["--persistent_worker"][..], "--persistent_worker"),
            (&["@file"], "@file"),
            (&["-x"], "-x"),
            (&["--python_version", "9.9"], "not a Python version"),
        ] {
            let error = CompileArguments::parse(lines).unwrap_err().to_string();
            assert!(error.contains(message), "{lines:?}: {error}");
        }
    }
}
