//! What a command line means: which files become which pycs, and how. No file is touched here.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use prepyc_engine::{Filename, InvalidationMode, Optimize};
use prepyc_version::PyRelease;

use super::arguments::{ArgumentError, CompileArguments};

/// The work of one request, or of one command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// In the order they were given; at least one.
    pub modules: Vec<Module>,
    /// What their headers say.
    pub invalidation_mode: InvalidationMode,
    /// At which level.
    pub optimize: Optimize,
    /// For which Python.
    pub python_version: PyRelease,
}

/// One source and its pyc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Where the source is.
    pub source: PathBuf,
    /// What it is called in the pyc and in messages: never with a sandbox's directory before it.
    pub name: Filename,
    /// Where the pyc goes.
    pub pyc: PathBuf,
}

impl Batch {
    /// Understands the arguments, with every relative path below `sandbox_dir` (empty: the current directory).
    ///
    /// # Errors
    /// If options are missing, do not belong together, or two sources would become one pyc.
    pub fn new(arguments: CompileArguments, sandbox_dir: &Path) -> Result<Batch, ArgumentError> {
        let CompileArguments { sources, source_names, pycs, .. } = arguments;
        let whole = |message: String| Err(ArgumentError::Whole(message));
        if sources.is_empty() && source_names.is_empty() && pycs.is_empty() {
            return whole("nothing to compile: give --src, --src_name and --pyc for each source".to_owned());
        }
        if sources.len() != source_names.len() || sources.len() != pycs.len() {
            return whole(format!(
                "each source needs one --src, one --src_name and one --pyc, but there are {}, {} and {}",
                sources.len(),
                source_names.len(),
                pycs.len()
            ));
        }
        let Some(python_version) = arguments.python_version else {
            return whole("which Python is it for? give --python_version X.Y".to_owned());
        };
        let below = |path: OsString| sandbox_dir.join(path);
        let triples = sources.into_iter().zip(source_names).zip(pycs);
        let modules: Vec<Module> = triples
            .map(|((source, name), pyc)| Module {
                source: below(source),
                name: Filename::from_bytes(name.into_vec()),
                pyc: below(pyc),
            })
            .collect();
        let mut pycs = BTreeSet::new();
        if let Some(module) = modules.iter().find(|module| !pycs.insert(&module.pyc)) {
            return whole(format!("two sources would become {}", module.pyc.display()));
        }
        Ok(Batch {
            modules,
            invalidation_mode: arguments.invalidation_mode.unwrap_or(InvalidationMode::CheckedHash),
            optimize: arguments.optimize.unwrap_or(Optimize::None),
            python_version,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understand(arguments: &[&str], sandbox_dir: &str) -> Result<Batch, String> {
        let sandbox_dir = Path::new(sandbox_dir);
        let typed = CompileArguments::parse(arguments).unwrap();
        Batch::new(typed, sandbox_dir).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sandbox_prefixes_what_is_relative_and_is_a_path() {
        let arguments = ["--src", "a.py", "--src_name", "../repo/a.py", "--pyc", "./out/a.pyc"];
        let second = ["--src", "/abs/b.py", "--src_name", "b.py", "--pyc", "/abs/b.pyc"];
        let version = ["--python_version", "3.13"];
        let batch = understand(&[&arguments[..], &second, &version].concat(), "__sandbox/1/_main").unwrap();
        let paths = |module: &Module| {
            (module.source.display().to_string(), module.name.to_string(), module.pyc.display().to_string())
        };
        let expected = ("__sandbox/1/_main/a.py", "../repo/a.py", "__sandbox/1/_main/./out/a.pyc");
        assert_eq!(paths(&batch.modules[0]), (expected.0.into(), expected.1.into(), expected.2.into()));
        assert_eq!(paths(&batch.modules[1]), ("/abs/b.py".into(), "b.py".into(), "/abs/b.pyc".into()));
        assert_eq!(batch.invalidation_mode, InvalidationMode::CheckedHash);
        assert_eq!(batch.optimize, Optimize::None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let triple = ["--src", "a", "--src_name", "b", "--pyc", "c"];
        for (arguments, message) in [
            (vec![], "nothing to compile"),
            (vec!["--src", "a", "--pyc", "c"], "there are 1, 0 and 1"),
            (triple.to_vec(), "--python_version"),
            ([&triple[..], &triple, &["--python_version=3.13"]].concat(), "two sources would become c"),
        ] {
            let error = understand(&arguments, "").unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
