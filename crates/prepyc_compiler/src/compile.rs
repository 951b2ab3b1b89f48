//! The door: source bytes to a program, stage by stage.

use bumpalo::Bump;
use prepyc_bytecode::{Program, PyStr, Strings};
use prepyc_syntax::parse_module;
use prepyc_version::PyVersion;

use crate::backend::Backend;
use crate::codegen::{Failure, Optimize, Settings, generate};
use crate::error::{CompileError, Rejection, UnsupportedVersion};
use crate::future::future_features;
use crate::preprocess::warn_of_finally_exits;
use crate::stage::{Stage, Watch};
use crate::symtable::build_symtable;
use crate::warning::{Warning, Warnings};

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
    /// What CPython would have warned of, in its order, each once.
    pub warnings: Vec<Warning>,
}

/// Compiles one source after the other for one Python, and keeps its memory in between.
///
/// After a panic, which is a mistake of ours, it is to be dropped: what it keeps may be half done.
#[derive(Debug)]
pub struct Compiler {
    version: PyVersion,
    backend: Backend,
    arena: Bump,
}

impl Compiler {
    /// One that compiles for that version.
    ///
    /// # Errors
    /// If the compiler of that version is not written yet, or not known to be exact.
    pub fn new(version: PyVersion) -> Result<Compiler, UnsupportedVersion> {
        let backend = Backend::new(version).filter(|_| version.features().native_compiler_is_exact);
        let backend = backend.ok_or(UnsupportedVersion(version))?;
        Ok(Compiler { version, backend, arena: Bump::new() })
    }

    /// The Python it compiles for.
    #[must_use]
    pub const fn version(&self) -> PyVersion {
        self.version
    }

    /// Has every change from stage to stage told to `watch`.
    pub fn set_watch(&mut self, watch: Watch) {
        self.backend.set_watch(watch);
    }

    /// Compiles a module; `filename` is what `co_filename` will say.
    ///
    /// # Errors
    /// What CPython would raise, and what it would have warned of before.
    pub fn compile(
        &mut self,
        source: &[u8],
        filename: PyStr<'_>,
        optimize: Optimize,
    ) -> Result<Compiled, Rejection> {
        let watch = self.backend.watch();
        watch(Stage::Parse);
        self.arena.reset();
        let mut warnings = Warnings::default();
        match run_stages(self, source, filename, optimize, &mut warnings) {
            Ok(program) => Ok(Compiled { program, warnings: warnings.into_list() }),
            Err(failure) => Err(Rejection::new(failure, source, warnings.into_list())),
        }
    }
}

/// The stages, one after the other.
fn run_stages(
    compiler: &mut Compiler,
    source: &[u8],
    filename: PyStr<'_>,
    optimize: Optimize,
    warnings: &mut Warnings,
) -> Result<Program, Failure> {
    let Compiler { version, backend, arena } = compiler;
    let features = version.features();
    let watch = backend.watch();
    let mut strings = Strings::new();
    let parsed = parse_module(source, version.grammar(), arena, &mut strings).map_err(Failure::Syntax)?;
    warnings.extend(parsed.warnings);
    let module: &_ = arena.alloc(parsed.module);
    watch(Stage::Symtable);
    let future = future_features(module, &strings)?;
    if features.finally_exits_warned {
        warn_of_finally_exits(module, warnings);
    }
    let table = build_symtable(module, features, future, &mut strings)?;
    watch(Stage::Codegen);
    let filename = strings.intern(filename);
    let settings = Settings { table: &table, features, future, optimize, filename };
    let code = generate(module, &settings, backend, &mut strings, warnings)?;
    watch(Stage::Release);
    Ok(Program { version: *version, strings, code })
}

/// Compiles one module.
///
/// # Errors
/// What is wrong with the source, or that there is no compiler for that version.
pub fn compile(source: &[u8], options: &CompileOptions) -> Result<Compiled, CompileError> {
    let mut compiler = Compiler::new(options.version)?;
    Ok(compiler.compile(source, options.filename.as_str().into(), options.optimize)?)
}
