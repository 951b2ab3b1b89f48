//! The engine: source in, marshalled code object out, whoever compiles it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use prepyc_bytecode::PycHeader;
use prepyc_version::PyVersion;

use crate::interpreter::{InterpreterPool, Limits};
use crate::job::Job;
use crate::native::{Fallback, NativeCompiler};
use crate::{Diagnostic, Filename, InvalidationMode, Optimize, Source, Target, TargetError};

/// One source to compile.
#[derive(Clone, Debug)]
pub struct CompileRequest {
    /// Its bytes, as they stand in the file.
    pub source: Arc<[u8]>,
    /// What `co_filename` is to say.
    pub filename: Filename,
    /// At which level.
    pub optimize: Optimize,
}

/// A source that has a code object.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The code object as marshal bytes: canonical where the target's [`version`](Target::version) is known, else as
    /// the interpreter wrote them.
    pub code: Vec<u8>,
    /// What `py_compile` would have shown, each once, in CPython's order.
    pub warnings: Vec<Diagnostic>,
}

/// A source that has none, this time or ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileFailure {
    /// CPython rejects it: the source's fault.
    #[error("{diagnostic}")]
    Rejected {
        /// Why.
        diagnostic: Box<Diagnostic>,
        /// What was shown before that.
        warnings: Vec<Diagnostic>,
    },
    /// It could not be tried: ours or the machine's fault.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What a compile ends in.
pub type CompileResult = Result<Compiled, CompileFailure>;

/// Something other than the source is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The interpreter did not start, or what started is no Python.
    #[error("{}: cannot be used as a Python interpreter: {reason}", executable.display())]
    Start {
        /// What was started.
        executable: PathBuf,
        /// What happened, with the end of its stderr.
        reason: String,
    },
    /// It is a Python, but not one to compile with.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// An interpreter process died, hung or answered nonsense over this source.
    #[error("{filename}: {} {reason}", executable.display())]
    Interpreter {
        /// What was running.
        executable: PathBuf,
        /// The source it was compiling.
        filename: Filename,
        /// What happened, with the end of its stderr.
        reason: String,
    },
    /// The interpreter's code object cannot be read.
    #[error("{filename}: the code object that {} made cannot be read: {reason}", executable.display())]
    UnreadableCode {
        /// Which interpreter made it.
        executable: PathBuf,
        /// The source it belongs to.
        filename: Filename,
        /// What is wrong with it.
        reason: String,
    },
    /// Our own compiler panicked over this source.
    #[error("{filename}: a bug in prepyc's own compiler ({message}); please report it with this source")]
    Bug {
        /// The source.
        filename: Filename,
        /// What the panic said.
        message: String,
    },
    /// No thread could be started to compile on.
    #[error("cannot start a thread to compile on: {reason}")]
    Thread {
        /// What the system said.
        reason: String,
    },
    /// Our own compiler failed, and so did the interpreter that was to stand in for it.
    #[error("{failure}; and in its place {fallback}")]
    NoFallback {
        /// What our own compiler failed with.
        failure: Box<CompileFailure>,
        /// Why the interpreter is of no use.
        fallback: Box<EngineError>,
    },
    /// More bytes than a request can carry.
    #[error("{filename}: {size_bytes} bytes are more than can be compiled")]
    TooLarge {
        /// The source.
        filename: Filename,
        /// Its size.
        size_bytes: usize,
    },
    /// The engine was dropped before this request was done.
    #[error("{filename}: not compiled, because the run was ended")]
    ShutDown {
        /// The source.
        filename: Filename,
    },
}

impl CompileFailure {
    /// Whether CPython may well compile the source: we failed over it ourselves, or it is larger or deeper than we go, and
    /// CPython's own limits are other ones on each machine.
    fn may_be_ours(&self) -> bool {
        match self {
            CompileFailure::Rejected { diagnostic, .. } => {
                matches!(diagnostic.kind.as_str(), "MemoryError" | "RecursionError")
            }
            CompileFailure::Engine(error) => matches!(error, EngineError::Bug { .. }),
        }
    }
}

/// What compiles. Dropping it ends all its processes and threads; requests that are not done then fail with
/// [`EngineError::ShutDown`].
#[derive(Debug)]
pub struct Engine {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Native { compiler: NativeCompiler, fallback: Option<Arc<Fallback>> },
    Interpreter(InterpreterPool),
}

impl Engine {
    /// An engine that is prepyc's own compiler, on at most `threads` threads (at least one). It needs no Python, and
    /// starts a thread only when there is something to do.
    ///
    /// `None` where there is no such compiler for `version` ([`has_native_compiler`]).
    pub fn native(version: PyVersion, threads: usize) -> Option<Engine> {
        Engine::of(version, |version| NativeCompiler::on_threads(version, threads))
    }

    /// An engine that is prepyc's own compiler, one source at a time on the thread that asks, which has to have a stack of
    /// more than a megabyte. It starts no threads, and `submit` returns when `done` was called: for a process that compiles
    /// one file.
    ///
    /// `None` where there is no such compiler for `version` ([`has_native_compiler`]).
    pub fn native_on_callers_thread(version: PyVersion) -> Option<Engine> {
        Engine::of(version, NativeCompiler::on_callers_thread)
    }

    fn of(version: PyVersion, compiler: impl FnOnce(PyVersion) -> NativeCompiler) -> Option<Engine> {
        let compiler = has_native_compiler(version).then(|| compiler(version))?;
        Some(Engine { backend: Backend::Native { compiler, fallback: None } })
    }

    /// The same engine; where it is prepyc's own compiler, an interpreter of the same version is asked about what that fails
    /// at: a bug of ours, and sources larger or deeper than it goes (`MemoryError`, `RecursionError`). It is started only
    /// then. If it compiles the source, a warning (`PrepycWarning`) says so.
    #[must_use]
    pub fn with_fallback(self, executable: &Path, workers: usize, limits: Limits) -> Engine {
        let backend = match self.backend {
            Backend::Native { compiler, .. } => {
                let fallback = compiler
                    .target()
                    .version()
                    .map(|version| Arc::new(Fallback::new(version, executable.to_owned(), workers, limits)));
                Backend::Native { compiler, fallback }
            }
            Backend::Interpreter(pool) => Backend::Interpreter(pool),
        };
        Engine { backend }
    }

    /// An engine that runs a pool of at most `workers` interpreters (at least one).
    ///
    /// `executable` is a path, or a name to be found on PATH. One process is started at once, to learn the target.
    ///
    /// # Errors
    /// If it does not start, is no Python, or is none to compile with.
    pub fn interpreter(executable: &Path, workers: usize, limits: Limits) -> Result<Engine, EngineError> {
        let pool = InterpreterPool::start(executable, workers, limits)?;
        Ok(Engine { backend: Backend::Interpreter(pool) })
    }

    /// What is compiled for.
    pub fn target(&self) -> &Target {
        match &self.backend {
            Backend::Native { compiler, .. } => compiler.target(),
            Backend::Interpreter(pool) => pool.target(),
        }
    }

    /// Hands a request over, waiting while too many wait already.
    ///
    /// `done` is called exactly once, on one of the engine's own threads (or on the caller's, where the engine was made for
    /// that), in no particular order. It may take its time
    /// (writing a file, say), but must not call `submit` or `compile`, which may wait for that very thread.
    pub fn submit(&self, request: CompileRequest, done: impl FnOnce(CompileResult) + Send + 'static) {
        match &self.backend {
            Backend::Native { compiler, fallback: Some(fallback) } => {
                let (fallback, again) = (Arc::clone(fallback), request.clone());
                let done = move |result: CompileResult| match result {
                    Err(failure) if failure.may_be_ours() => fallback.submit(again, failure, done),
                    result => done(result),
                };
                compiler.submit(Job { request, done: Box::new(done) });
            }
            Backend::Native { compiler, fallback: None } => {
                compiler.submit(Job { request, done: Box::new(done) });
            }
            Backend::Interpreter(pool) => pool.submit(Job { request, done: Box::new(done) }),
        }
    }

    /// Ends what compiles, whoever still holds the engine. Requests that are not done fail with
    /// [`EngineError::ShutDown`], as does every further one; what prepyc's own compiler has begun is answered.
    ///
    /// For a program that ends while its threads wait for results; else dropping the engine is enough.
    pub fn shut_down(&self) {
        match &self.backend {
            Backend::Native { compiler, fallback } => {
                compiler.shut_down();
                fallback.iter().for_each(|fallback| fallback.shut_down());
            }
            Backend::Interpreter(pool) => pool.shut_down(),
        }
    }

    /// Hands a request over and waits for its result.
    pub fn compile(&self, request: CompileRequest) -> CompileResult {
        let (sender, receiver) = mpsc::sync_channel(1);
        let filename = request.filename.clone();
        self.submit(request, move |result| {
            // The receiver waits below; it cannot be gone.
            let _ = sender.send(result);
        });
        receiver.recv().unwrap_or(Err(CompileFailure::Engine(EngineError::ShutDown { filename })))
    }
}

/// Whether [`Engine::native`] has a compiler for that version.
pub fn has_native_compiler(version: PyVersion) -> bool {
    prepyc_compiler::supports(version)
}

/// A whole pyc: the header that `mode` asks for, then the code.
pub fn pyc_bytes(target: &Target, mode: InvalidationMode, source: &Source, code: Vec<u8>) -> Vec<u8> {
    let header = PycHeader { magic: target.magic, invalidation: mode.of(source, target.magic) };
    let mut bytes = code;
    // What wrote the code left room behind it.
    bytes.splice(..0, header.encode());
    bytes
}
