//! The door: source bytes to a program, stage by stage.

use bumpalo::Bump;
use prepyc_bytecode::{Program, PyStr, Strings};
use prepyc_syntax::parse_nested_module;
use prepyc_version::{Features, PyVersion};

use crate::backend::Backend;
use crate::codegen::{Failure, Generated, NameTables, Optimize, Settings, generate};
use crate::error::{CompileError, Rejection, UnsupportedVersion};
use crate::future::future_features;
use crate::limits::{DEEP_PARSER_NESTING, DEEP_STACK, Limit, NESTING};
use crate::preprocess::warn_of_finally_exits;
use crate::stage::{Stage, Watch};
use crate::symtable::{Symtable, build_symtable};
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
    table: Symtable,
    names: NameTables,
}

impl Compiler {
    /// One that compiles for that version.
    ///
    /// # Errors
    /// If the compiler of that version is not written yet, or not known to be exact.
    pub fn new(version: PyVersion) -> Result<Compiler, UnsupportedVersion> {
        let backend = Backend::new(version).filter(|_| version.features().native_compiler_is_exact);
        let backend = backend.ok_or(UnsupportedVersion(version))?;
        let (table, names) = (Symtable::default(), NameTables::default());
        Ok(Compiler { version, backend, arena: Bump::new(), table, names })
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
    /// A megabyte of the caller's stack is enough for anything. A source that nests deeper than people write is
    /// compiled on a thread of its own, with a stack of its own.
    ///
    /// # Errors
    /// What CPython would raise, and what it would have warned of before.
    pub fn compile(
        &mut self,
        source: &[u8],
        filename: PyStr<'_>,
        optimize: Optimize,
    ) -> Result<Compiled, Rejection> {
        let input = Input { source, filename, optimize };
        let (mut result, mut warnings) = run_stages(self, input, Nesting::SHALLOW);
        if matches!(&result, Err(failure) if failure.is_too_deep()) {
            (result, warnings) = self.compile_deep(input);
        }
        match result {
            Ok(program) => Ok(Compiled { program, warnings: warnings.into_list() }),
            Err(failure) => Err(Rejection::new(*failure, source, warnings.into_list())),
        }
    }

    fn compile_deep(&mut self, input: Input<'_>) -> (Generated<Program>, Warnings) {
        std::thread::scope(|scope| {
            let nesting = Nesting::deep(self.version.features());
            let thread = std::thread::Builder::new().stack_size(DEEP_STACK);
            match thread.spawn_scoped(scope, move || run_stages(self, input, nesting)) {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(_) => (Err(Limit::Stack.into()), Warnings::default()),
            }
        })
    }
}

/// What is compiled.
#[derive(Clone, Copy)]
struct Input<'i> {
    source: &'i [u8],
    filename: PyStr<'i>,
    optimize: Optimize,
}

/// How deep a source may nest.
#[derive(Clone, Copy)]
struct Nesting {
    /// For the parser.
    constructs: u32,
    /// In the tree.
    nodes: u32,
}

impl Nesting {
    const SHALLOW: Nesting = Nesting { constructs: NESTING, nodes: NESTING };

    fn deep(features: &Features) -> Nesting {
        Nesting { constructs: DEEP_PARSER_NESTING, nodes: features.max_tree_depth }
    }
}

/// The stages, and what they warned of on the way.
fn run_stages(compiler: &mut Compiler, input: Input<'_>, nesting: Nesting) -> (Generated<Program>, Warnings) {
    let mut warnings = Warnings::default();
    let result = run_each_stage(compiler, input, nesting, &mut warnings);
    (result, warnings)
}

/// The stages, one after the other.
fn run_each_stage(
    compiler: &mut Compiler,
    input: Input<'_>,
    nesting: Nesting,
    warnings: &mut Warnings,
) -> Generated<Program> {
    let Compiler { version, backend, arena, table, names } = compiler;
    let Input { source, filename, optimize } = input;
    let watch = backend.watch();
    watch(Stage::Parse);
    arena.reset();
    let features = version.features();
    let mut strings = Strings::new();
    let (grammar, mut issued) = (version.grammar(), Vec::new());
    let parsed = parse_nested_module(source, grammar, arena, &mut strings, nesting.constructs, &mut issued);
    warnings.extend(issued);
    let module: &_ = arena.alloc(parsed.map_err(|error| Box::new(Failure::Syntax(error)))?);
    watch(Stage::Symtable);
    let future = future_features(module, &strings)?;
    let built = build_symtable(table, module, features, future, &mut strings, nesting.nodes);
    // CPython looks for them before its symbol table does anything, which warns of nothing.
    if features.finally_exits_warned && (table.has_finally || built.is_err()) {
        warn_of_finally_exits(module, warnings);
    }
    built?;
    watch(Stage::Codegen);
    strings.reserve_code(table.scope_count(), source.len());
    let filename = strings.intern(filename);
    let settings = Settings { table, features, future, optimize, filename };
    let code = generate(module, &settings, backend, names, &mut strings, warnings)?;
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
