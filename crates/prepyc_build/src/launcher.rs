//! The file that is run: it finds the runfiles, puts them first on `sys.path` and starts the main file.
//!
//! One file that is two programs (`launcher.sh`, `start.py`). A POSIX shell finds the runfiles as Bazel's launchers do, because
//! it starts in a millisecond where an interpreter takes fifteen, and then *becomes* the interpreter of the toolchain, so that
//! signals, exit code and standard input need no passing on. The interpreter reads the other half of the same file: it is the
//! only place that can put folders first on `sys.path` whatever the version and the options are, and it lets the main file's own
//! pyc be used, which Python by itself never does.
//!
//! Order of `sys.path`: the main file's folder in the runfiles (none under `-P` or `-I`, or with a main module), the runfiles'
//! root, `imports`, the repositories' folders, `PYTHONPATH` as the caller had it, and what Python has by itself. The folder
//! of sources that the links lead to is not there: whose modules were found there would not have their pycs beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::runfiles::{Mode, replace_file};

const SHELL_HALF: &str = include_str!("launcher/launcher.sh");
const PYTHON_HALF: &str = include_str!("launcher/start.py");

/// Which interpreter runs the binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interpreter {
    /// One that is installed, by its absolute path.
    Absolute(PathBuf),
    /// One that is in the runfiles, by its runfiles path.
    Runfiles(String),
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Main {
    /// A `.py` or a `.pyc` by its runfiles path.
    File(String),
    /// A module by its dotted name, as `python -m` takes it.
    Module(String),
}

/// All that a launcher is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    /// The runfiles path of the launcher itself (`_main/pkg/NAME`). With [`Main::Module`] it has to be in the tree: it is
    /// what a tree of this binary is known by.
    pub executable: String,
    /// Which interpreter.
    pub interpreter: Interpreter,
    /// Options of the interpreter (`interpreter_args`), before the file that it runs.
    pub interpreter_args: Vec<String>,
    /// What is run.
    pub main: Main,
    /// The runfiles paths of folders that modules are imported from, in order (`imports` of the whole closure).
    pub imports: Vec<String>,
    /// The runfiles' topmost folders, in order; they come after `imports`.
    pub repositories: Vec<String>,
    /// Variables that are set where the caller has none of the name (`env`).
    pub environment: BTreeMap<String, String>,
}

/// Why there is no launcher.
#[derive(Debug, thiserror::Error)]
pub enum LauncherError {
    /// A text that can't stand in a launcher.
    #[error("{launcher}: {what} {text:?} {reason}")]
    BadText {
        /// The launcher's runfiles path.
        launcher: String,
        /// What the text is.
        what: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file system's no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Whether a file had to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It stood there already, with the same bytes and mode, and was not touched.
    Unchanged,
    /// It is new or was replaced.
    Changed,
}

impl Launcher {
    /// The launcher's text: the same for the same launcher, wherever its tree stands.
    ///
    /// # Errors
    /// Where a text holds a zero byte, the interpreter's path is relative or not UTF-8, a name of a variable is none, or main
    /// is neither `.py` nor `.pyc`.
    pub fn text(&self) -> Result<String, LauncherError> {
        self.check()?;
        let needed = match &self.main {
            Main::File(path) => path,
            Main::Module(_) => &self.executable,
        };
        let interpreter = match &self.interpreter {
            Interpreter::Absolute(path) => shell_quoted(self.checked_path(path)?),
            Interpreter::Runfiles(path) => format!("$runfiles/{}", shell_quoted(path)),
        };
        let arguments: String =
            self.interpreter_args.iter().map(|text| format!(" {}", shell_quoted(text))).collect();
        let environment: Vec<_> = self
            .environment
            .iter()
            .map(|(name, value)| {
                format!("[ \"${{{name}+set}}\" ] || {name}={}\nexport {name}", shell_quoted(value))
            })
            .collect();
        let shell = filled(
            SHELL_HALF,
            &[
                ("@NEEDED@", &shell_quoted(needed)),
                ("@ENVIRONMENT@", &environment.join("\n")),
                ("@INTERPRETER@", &interpreter),
                ("@INTERPRETER_ARGUMENTS@", &arguments),
            ],
        );
        Ok(shell + &self.python_half())
    }

    /// The half that the interpreter reads, for whoever starts it and sets `RUNFILES_DIR`.
    pub(crate) fn python_half(&self) -> String {
        filled(PYTHON_HALF, &[("@CONFIGURATION@", &self.configuration())])
    }

    /// Main file, main module and the folders to import from, as a Python tuple.
    pub(crate) fn configuration(&self) -> String {
        let (file, module) = match &self.main {
            Main::File(path) => (path.as_str(), ""),
            Main::Module(name) => ("", name.as_str()),
        };
        let mut seen = BTreeSet::new();
        let folders = std::iter::once("")
            .chain(self.imports.iter().map(String::as_str))
            .chain(self.repositories.iter().map(String::as_str))
            .filter(|folder| seen.insert(*folder))
            .map(python_quoted);
        let folders: Vec<_> = folders.collect();
        format!("({}, {}, [{}])", python_quoted(file), python_quoted(module), folders.join(", "))
    }

    fn check(&self) -> Result<(), LauncherError> {
        let (main, what) = match &self.main {
            Main::File(path) => (path, "main file"),
            Main::Module(name) => (name, "main module"),
        };
        let mut texts = vec![(main, what), (&self.executable, "path")];
        texts.extend(self.interpreter_args.iter().map(|text| (text, "interpreter argument")));
        texts.extend(self.imports.iter().chain(&self.repositories).map(|text| (text, "import folder")));
        texts.extend(self.environment.keys().chain(self.environment.values()).map(|text| (text, "variable")));
        if let Some((text, what)) = texts.into_iter().find(|(text, _)| text.contains('\0')) {
            return Err(self.bad(what, text, "holds a zero byte"));
        }
        if let Main::File(path) = &self.main
            && ![".py", ".pyc"].iter().any(|extension| path.ends_with(extension))
        {
            return Err(self.bad("main file", path, "is neither a .py nor a .pyc"));
        }
        match self.environment.keys().find(|name| !is_variable(name)) {
            Some(name) => {
                Err(self.bad("variable", name, "can't be set by a shell: letters, digits and _ alone"))
            }
            None => Ok(()),
        }
    }

    fn checked_path<'a>(&self, path: &'a Path) -> Result<&'a str, LauncherError> {
        let what = "interpreter";
        match path.to_str() {
            Some(text) if text.contains('\0') => Err(self.bad(what, text, "holds a zero byte")),
            Some(text) if path.is_absolute() => Ok(text),
            Some(text) => Err(self.bad(what, text, "is not an absolute path")),
            None => Err(self.bad(what, &path.to_string_lossy(), "is not UTF-8")),
        }
    }

    fn bad(&self, what: &'static str, text: &str, reason: &'static str) -> LauncherError {
        LauncherError::BadText { launcher: self.executable.clone(), what, text: text.to_owned(), reason }
    }
}

/// Writes the launcher as an executable file at `path`, in one step, unless it stands there already.
///
/// # Errors
/// As [`Launcher::text`], and where the file system says no.
pub fn write_launcher(launcher: &Launcher, path: &Path) -> Result<Written, LauncherError> {
    let text = launcher.text()?;
    let stands = fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_file() && found.len() == text.len() as u64 && found.permissions().mode() & 0o100 != 0
    });
    if stands && fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(Written::Unchanged);
    }
    let io = |source| LauncherError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    replace_file(path, text.as_bytes(), Mode::Executable).map_err(io)?;
    Ok(Written::Changed)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Puts values in places, in one walk: a value that looks like a place stays as it is.
pub(crate) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((at, (place, value))) =
        values.iter().filter_map(|value| rest.find(value.0).map(|at| (at, value))).min_by_key(|(at, _)| *at)
    {
        text.push_str(&rest[..at]);
        text.push_str(value);
        rest = &rest[at + place.len()..];
    }
    text + rest
}

/// A word of the shell that stands for the text. It never has three quotes in a row, which would end the text that Python takes
/// this half for.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

/// A string of Python in ASCII.
pub(crate) fn python_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        assert_eq!(filled("a @X@ b @Y@ @X@", &[("@X@", "@Y@"), ("@Y@", "@X@")]), "a @Y@ b @X@ @Y@");
    }

    #[test]
    fn quoting_keeps_every_character() {
        assert_eq!(python_quoted("a\"\\\n'é😀"), "\"a\\\"\\\\\\U0000000a'\\U000000e9\\U0001f600\"");
        for text in ["'", "''", "'''''", "a'''b\\"] {
            assert!(!shell_quoted(text).contains("'''"), "{}", shell_quoted(text));
        }
    }

    #[test]
    fn names_of_variables_are_checked() {
        assert!(is_variable("_A1"));
        for name in ["", "1A", "A-B", "A;rm", "Ä"] {
            assert!(!is_variable(name), "{name}");
        }
    }
}
