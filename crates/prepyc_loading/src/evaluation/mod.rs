//! Starlark: what files may say, and what becomes of it.
//!
//! Each evaluation has a [`Context`], which the functions of this folder find in the evaluator. Nothing here reads a file.

pub(crate) mod attributes;
pub(crate) mod bzl;
mod context;
pub(crate) mod declare;
pub(crate) mod external;
mod guarded;
pub(crate) mod labels;
pub(crate) mod package_functions;
pub(crate) mod raw;
mod requirement;
pub(crate) mod trouble;
pub(crate) mod values;

pub(crate) use context::Context;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use starlark::any::AnyLifetime;
use starlark::environment::{FrozenModule, Globals, Module};
use starlark::eval::{Evaluator, FileLoader};
use starlark::syntax::{AstModule, Dialect, DialectTypes};

use crate::error::{LoadError, LoadErrorKind};
use crate::limits;
use crate::nesting::{self, Excess};
use crate::package::{Location, PackageId};

pub(crate) use declare::PackageBuilder;

/// A file to evaluate: its text, and what messages call it.
pub(crate) struct Source {
    pub(crate) name: Arc<Path>,
    pub(crate) text: String,
}

/// Which package each evaluated file is of, by the name that messages and stack frames have.
#[derive(Default)]
pub(crate) struct FileNames(Mutex<HashMap<String, PackageId>>);

impl FileNames {
    pub(crate) fn insert(&self, name: &Path, package: PackageId) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.display().to_string(), package);
    }

    pub(crate) fn package_of(&self, name: &str) -> Option<PackageId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// A mistake that the evaluated file made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

/// An error to be raised where the evaluation is.
pub(crate) fn failure(message: impl Into<String>) -> starlark::Error {
    starlark::Error::new_other(Failure(message.into()))
}

/// What a kind of file may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// BUILD and MODULE.bazel files: calls, assignments and comprehensions.
    Declarations,
    /// .bzl files: functions too.
    Definitions,
}

impl FileKind {
    fn dialect(self) -> Dialect {
        let definitions = self == FileKind::Definitions;
        Dialect {
            enable_def: definitions,
            enable_lambda: definitions,
            enable_load: true,
            enable_keyword_only_arguments: true,
            enable_positional_only_arguments: false,
            enable_types: DialectTypes::Disable,
            enable_load_reexport: false,
            enable_top_level_stmt: false,
            enable_f_strings: false,
            _non_exhaustive: (),
        }
    }
}

/// Parses a file.
///
/// # Errors
/// It is no Starlark of this kind, or nested beyond [`limits::NESTING`].
pub(crate) fn parse(source: &Source, kind: FileKind) -> Result<AstModule, LoadError> {
    if let Some((excess, line)) = nesting::find_excess(&source.text) {
        let message = match excess {
            Excess::Nesting => {
                format!("expressions or blocks lie in each other more than {} deep", limits::NESTING)
            }
            Excess::Digits => format!("a number has more than {} digits", limits::NUMBER_DIGITS),
        };
        return Err(LoadError::new(LoadErrorKind::Evaluation, message)
            .at(Location { file: source.name.clone(), line }));
    }
    AstModule::parse(&source.name.display().to_string(), source.text.clone(), &kind.dialect())
        .map_err(|error| trouble::load_error(&error))
}

/// The modules that a file loads, by the text it loads them by.
#[derive(Default)]
pub(crate) struct Loads(pub(crate) HashMap<String, FrozenModule>);

impl FileLoader for Loads {
    fn load(&self, path: &str) -> starlark::Result<FrozenModule> {
        self.0.get(path).cloned().ok_or_else(|| failure(format!("'{path}' has not been loaded")))
    }
}

/// What is wanted of a file besides what its functions do.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// Its values, for whoever loads it. The names of the prelude are its own from the start.
    Module { prelude: Option<&'static FrozenModule> },
    /// Nothing.
    Nothing,
}

/// Evaluates a parsed file.
///
/// # Errors
/// The first error that it makes.
pub(crate) fn evaluate<'e>(
    ast: AstModule,
    globals: &Globals,
    loads: &Loads,
    extra: &dyn AnyLifetime<'e>,
    wanted: Wanted,
) -> Result<Option<FrozenModule>, LoadError> {
    Module::with_temp_heap(|module| {
        if let Wanted::Module { prelude: Some(prelude) } = wanted {
            module.import_public_symbols(prelude);
        }
        {
            let mut eval = Evaluator::new(&module);
            eval.set_loader(loads);
            eval.extra = Some(extra);
            for limit in [
                eval.set_max_callstack_size(limits::CALL_DEPTH),
                eval.set_max_heap_size(limits::HEAP_BYTES),
                eval.set_max_tick_count(limits::STEPS),
            ] {
                limit.map_err(|error| LoadError::new(LoadErrorKind::Evaluation, error.to_string()))?;
            }
            eval.eval_module(ast, globals).map_err(|error| trouble::load_error(&error))?;
        }
        if matches!(wanted, Wanted::Nothing) {
            return Ok(None);
        }
        let frozen = module.freeze().map_err(|error| {
            LoadError::new(LoadErrorKind::Evaluation, format!("its values cannot be kept: {error:?}"))
        })?;
        Ok(Some(frozen))
    })
}
