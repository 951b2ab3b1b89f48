//! The precompiler's command line: what was typed, on the command line, in a params file or in a work request.
//!
//! There is one parser for all three. rules_python writes `--flag` and value on separate lines of a params file; Bazel
//! runs that either as `prepyc-worker @FILE` or as a request holding the lines, and both must mean the same.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lexopt::Arg;
use prepyc_execution::precompiler::{ArgumentError, CompileArguments};
use prepyc_protocol::Protocol;

use super::engines::EngineChoice;
use super::log::Level;

/// The largest params file that is read, in bytes.
const PARAMS_LIMIT_BYTES: u64 = 64 << 20;

/// Everything that can be typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    /// What to compile, and how: may come with any request.
    pub(super) compile: CompileArguments,
    /// How to run: only where the process is started.
    pub(super) start: StartArguments,
}

/// The part that is the process's.
#[derive(Clone, Debug, Default)]
pub(super) struct StartArguments {
    /// What the process is for.
    pub(super) purpose: Purpose,
    /// `--worker_impl`.
    pub(super) implementation: Implementation,
    /// `--worker_protocol`; none: told from the first message.
    pub(super) protocol: Option<Protocol>,
    /// `--log_level`.
    pub(super) log_level: Level,
    /// `--engine`.
    pub(super) engine: EngineChoice,
    /// `--python`.
    pub(super) python: Option<PathBuf>,
}

/// What the process was started for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To compile what the command line says, and end.
    #[default]
    Once,
    /// `--persistent_worker`: to serve requests.
    Serve,
    /// `--help`.
    ShowHelp,
    /// `--version`.
    ShowVersion,
}

/// `--worker_impl`: how many requests are worked on at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Implementation {
    /// As many as there are cores for.
    #[default]
    Async,
    /// One after another, in order.
    Serial,
}

/// Where arguments stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// On the process's own command line.
    CommandLine,
    /// In a work request; a relative params file is below this directory (empty: the current one).
    Request {
        /// The request's sandbox directory.
        sandbox_dir: &'a Path,
    },
}

/// Whether an argument may name a params file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expansion {
    Allowed,
    /// Within a params file: they are expanded once.
    Done,
}

/// The arguments say nothing that can be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum UsageError {
    /// They are no arguments of the precompiler, or say nothing as a whole.
    #[error(transparent)]
    Compile(#[from] ArgumentError),
    /// An option in a request that belongs on the command line.
    #[error("--{0} says how the process runs: it cannot come with a work request")]
    StartOnly(String),
    /// A params file within a params file.
    #[error("{0:?} in a params file: params files are expanded once, and this is no option")]
    NestedParams(String),
    /// A params file that cannot be read.
    #[error("{}: cannot read the params file: {error}", path.display())]
    Params {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> UsageError {
        UsageError::Compile(error.into())
    }
}

impl Arguments {
    /// Adds what these arguments say; of options that can be given once, the last counts.
    pub(super) fn add<I>(&mut self, arguments: I, origin: Origin<'_>) -> Result<(), UsageError>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        self.add_expanding(arguments, origin, Expansion::Allowed)
    }

    fn add_expanding(
        &mut self,
        arguments: Vec<OsString>,
        origin: Origin<'_>,
        expansion: Expansion,
    ) -> Result<(), UsageError> {
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long(name) => {
                    let name = name.to_owned();
                    if !self.compile.take(&name, &mut parser)? {
                        let known = self.start.take(&name, &mut parser)?;
                        match origin {
                            _ if !known => return Err(Arg::Long(&name).unexpected().into()),
                            Origin::Request { .. } => return Err(UsageError::StartOnly(name)),
                            Origin::CommandLine => {}
                        }
                    }
                }
                Arg::Short('h') if matches!(origin, Origin::CommandLine) => {
                    self.start.purpose = Purpose::ShowHelp;
                }
                Arg::Value(value) => self.add_positional(value, origin, expansion)?,
                Arg::Short(_) => return Err(argument.unexpected().into()),
            }
        }
        Ok(())
    }

    /// There are no positional arguments but params files. Where an option takes a value, `@` means nothing: the
    /// path of a source may begin with it.
    fn add_positional(
        &mut self,
        value: OsString,
        origin: Origin<'_>,
        expansion: Expansion,
    ) -> Result<(), UsageError> {
        let path = value.as_bytes().strip_prefix(b"@").filter(|rest| !rest.starts_with(b"@"));
        match (path, expansion) {
            (Some(path), Expansion::Allowed) => {
                let mut path = PathBuf::from(OsStr::from_bytes(path));
                if let Origin::Request { sandbox_dir } = origin {
                    path = sandbox_dir.join(path);
                }
                let lines = read_params(&path).map_err(|error| UsageError::Params { path, error })?;
                self.add_expanding(lines, origin, Expansion::Done)
            }
            (Some(_), Expansion::Done) => Err(UsageError::NestedParams(text(&value))),
            // An empty line of a params file.
            (None, Expansion::Done) if value.is_empty() => Ok(()),
            (None, _) => Err(Arg::Value(value).unexpected().into()),
        }
    }
}

impl StartArguments {
    /// Takes an option that is one of these, with its value; `false` where it is none.
    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<bool, UsageError> {
        match name {
            "persistent_worker" if self.purpose == Purpose::Once => self.purpose = Purpose::Serve,
            "persistent_worker" => {}
            "help" => self.purpose = Purpose::ShowHelp,
            "version" => self.purpose = Purpose::ShowVersion,
            "worker_impl" => {
                self.implementation = convert(name, parser, |value| match value {
                    "async" => Ok(Implementation::Async),
                    "serial" => Ok(Implementation::Serial),
                    _ => Err("it is async or serial".to_owned()),
                })?;
            }
            "worker_protocol" => self.protocol = Some(convert(name, parser, parsed)?),
            "log_level" => self.log_level = convert(name, parser, parsed)?,
            "engine" => self.engine = convert(name, parser, parsed)?,
            "python" => self.python = Some(PathBuf::from(parser.value()?)),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn convert<T>(
    name: &str,
    parser: &mut lexopt::Parser,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, UsageError> {
    let value = text(&parser.value()?);
    let wrong = |reason| ArgumentError::Value { option: format!("--{name}"), value: value.clone(), reason };
    read(&value).map_err(|reason| wrong(reason).into())
}

fn parsed<T: FromStr>(value: &str) -> Result<T, String>
where
    T::Err: ToString,
{
    value.parse().map_err(|error: T::Err| error.to_string())
}

/// One argument a line, taken as it is; only LF ends a line.
fn read_params(path: &Path) -> io::Result<Vec<OsString>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PARAMS_LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PARAMS_LIMIT_BYTES {
        return Err(io::Error::other(format!("it is longer than {PARAMS_LIMIT_BYTES} bytes")));
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    Ok(lines.split(|&byte| byte == b'\n').map(|line| OsString::from_vec(line.to_vec())).collect())
}

fn text(value: &OsStr) -> String {
    value.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use prepyc_engine::{InvalidationMode, Optimize};

    use super::*;

    fn unsandboxed() -> Origin<'static> {
        Origin::Request { sandbox_dir: Path::new("") }
    }

    fn parse(arguments: &[&str], origin: Origin<'_>) -> Result<Arguments, String> {
        let mut parsed = Arguments::default();
        let result = parsed.add(arguments, origin);
        result.map(|()| parsed).map_err(|error| error.to_string())
    }

    #[test]
    fn both_spellings_of_a_value_and_any_order() {
        for arguments in [
            &["--src", "a.py", "--optimize", "-1", "--invalidation_mode", "Unchecked_HASH"][..],
            &["--invalidation_mode=UNCHECKED_HASH", "--optimize=-1", "--src=a.py"],
            &["--optimize=2", "--src=a.py", "--optimize=0", "--invalidation_mode=unchecked_hash"],
        ] {
            let compile = parse(arguments, unsandboxed()).unwrap().compile;
            assert_eq!(compile.sources, ["a.py"]);
            assert_eq!(compile.optimize, Some(Optimize::None));
            assert_eq!(compile.invalidation_mode, Some(InvalidationMode::UncheckedHash));
        }
    }

    #[test]
    fn a_value_is_never_expanded_and_may_look_like_an_option() {
        let arguments = ["--src", "@src.py", "--src_name", "--src", "--pyc=@@x"];
        let compile = parse(&arguments, unsandboxed()).unwrap().compile;
        assert_eq!(compile.sources, ["@src.py"]);
        assert_eq!(compile.source_names, ["--src"]);
        assert_eq!(compile.pycs, ["@@x"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, message) in [
            (&["--optimise", "2"][..], "--optimise"),
            (&["--src"], "--src"),
            (&["a.py"], "a.py"),
            (&["--optimize", "3"], "--optimize \"3\": it is 0, 1, 2, or -1"),
            (&["--optimize", "-2"], "--optimize \"-2\": it is 0, 1, 2, or -1"),
            (&["--optimize", "99999999999999999999"], "it is 0, 1, 2, or -1"),
            (&["--python_version", "9.9"], "not a Python version"),
            (&["--invalidation_mode", "hash"], "checked_hash"),
            (&["@missing.params"], "missing.params: cannot read the params file"),
            (&["--persistent_worker"], "--persistent_worker says how the process runs"),
            (&["--python", "python3"], "--python says how the process runs"),
            (&["-h"], "-h"),
            (&["@@x"], "@@x"),
        ] {
            let error = parse(arguments, unsandboxed()).unwrap_err();
            assert!(error.contains(message), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn params_files_are_taken_line_by_line_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("good", "--src\n@a b'\\.py\n--src_name\n\n--pyc\nc\r\n\n");
        write("nested", "--src\na\n@good\n");
        write("empty", "");
        let sandboxed = Origin::Request { sandbox_dir: folder.path() };
        let compile = parse(&["@good", "--optimize=1", "@empty"], sandboxed).unwrap().compile;
        assert_eq!(compile.sources, ["@a b'\\.py"]);
        assert_eq!(compile.source_names, [""]);
        assert_eq!(compile.pycs, ["c\r"]);
        assert_eq!(compile.optimize, Some(Optimize::Asserts));
        let error = parse(&["@nested"], sandboxed).unwrap_err();
        assert!(error.contains("expanded once"), "{error}");
    }
}
