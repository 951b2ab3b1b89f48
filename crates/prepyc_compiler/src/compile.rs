//! The door: source bytes to a program, stage by stage.

use bumpalo::Bump;
use prepyc_bytecode::{Program, Strings};
use prepyc_syntax::{SyntaxError, parse_module};
use prepyc_version::PyVersion;

use crate::backend::Backend;
use crate::codegen::{Failure, Optimize, Settings, generate};
use crate::error::SourceError;
use crate::future::future_features;
use crate::limits::Limit;
use crate::symtable::build_symtable;

/// For whom to compile, and how.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// The Python that will run it.
    pub version: PyVersion,
    /// `co_filename`.
    pub filename: String,
    /// How far `-O` goes.
    pub optimize: Optimize,
}

/// What comes of a source.
#[derive(Debug)]
pub struct Compiled {
    /// Its code.
    pub program: Program,
    /// What the parser warned of, in the order of the source.
    pub warnings: Vec<prepyc_syntax::Warning>,
}

/// Why nothing came of it.
#[derive(Debug)]
pub enum CompileError {
    /// The parser refuses it.
    Syntax(SyntaxError),
    /// A later stage refuses it.
    Source(SourceError),
    /// It is too large.
    Limit(Limit),
    /// The compiler of that version is not written yet.
    UnsupportedVersion(PyVersion),
}

impl From<Failure> for CompileError {
    fn from(failure: Failure) -> CompileError {
        match failure {
            Failure::Source(error) => CompileError::Source(error),
            Failure::Limit(limit) => CompileError::Limit(limit),
        }
    }
}

/// Compiles a module.
///
/// # Errors
/// What is wrong with the source, or that it is too large.
pub fn compile(source: &[u8], options: &CompileOptions) -> Result<Compiled, CompileError> {
    let version = options.version;
    let mut backend = Backend::new(version).ok_or(CompileError::UnsupportedVersion(version))?;
    let mut strings = Strings::new();
    let arena = Bump::new();
    let parsed =
        parse_module(source, version.grammar(), &arena, &mut strings).map_err(CompileError::Syntax)?;
    let module = arena.alloc(parsed.module);
    let features = version.features();
    let future = future_features(module, &strings).map_err(CompileError::Source)?;
    let table = build_symtable(module, features, future, &mut strings).map_err(CompileError::Source)?;
    let filename = strings.intern(options.filename.as_str());
    let settings = Settings { table: &table, features, future, optimize: options.optimize, filename };
    let code = generate(module, &settings, &mut backend, &mut strings)?;
    Ok(Compiled { program: Program { version, strings, code }, warnings: parsed.warnings })
}
