//! The one engine of the process: started when the first request needs it, then shared.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prepyc_engine::{Engine, EngineError, Limits};
use prepyc_version::PyRelease;

/// What compiles, once it is needed.
#[derive(Debug)]
pub(super) struct SharedEngine {
    /// The interpreter, where one was named.
    python: Option<PathBuf>,
    /// How many interpreters may run.
    workers: usize,
    started: Mutex<Started>,
}

#[derive(Debug, Default)]
enum Started {
    #[default]
    NotYet,
    Running(Arc<Engine>),
    ShutDown,
}

/// There is nothing to compile with.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoEngine {
    /// No interpreter was named, and nothing else can compile for this version.
    #[error(
        "nothing here can compile for Python {0} by itself; name an interpreter of that version with --python EXE, or in the environment variable PREPYC_PYTHON"
    )]
    NotNamed(PyRelease),
    /// The interpreter is another Python than the request is for.
    #[error("--python_version {wanted}, but the interpreter is {found}: its pycs would be of no use")]
    Disagreement {
        /// What the request says.
        wanted: PyRelease,
        /// What the interpreter says.
        found: String,
    },
    /// The interpreter cannot be used.
    #[error(transparent)]
    Start(#[from] EngineError),
    /// The process is ending.
    #[error("not compiled, because the worker was ended")]
    ShutDown,
}

impl SharedEngine {
    pub(super) fn new(python: Option<PathBuf>, workers: usize) -> SharedEngine {
        SharedEngine { python, workers, started: Mutex::default() }
    }

    /// The engine for this version. A start that failed is tried again with the next request.
    pub(super) fn get(&self, version: PyRelease) -> Result<Arc<Engine>, NoEngine> {
        let python = self.python.as_deref().ok_or(NoEngine::NotNamed(version))?;
        let mut started = self.lock();
        let engine = match &*started {
            Started::Running(engine) => Arc::clone(engine),
            Started::ShutDown => return Err(NoEngine::ShutDown),
            Started::NotYet => {
                let engine = Arc::new(Engine::interpreter(python, self.workers, Limits::STANDARD)?);
                *started = Started::Running(Arc::clone(&engine));
                engine
            }
        };
        drop(started);
        // A release is only given to a target that has the release's own magic number.
        if engine.target().release != Some(version) {
            return Err(NoEngine::Disagreement { wanted: version, found: engine.target().to_string() });
        }
        Ok(engine)
    }

    /// Ends its processes; whoever waits for one of them fails.
    pub(super) fn shut_down(&self) {
        if let Started::Running(engine) = std::mem::replace(&mut *self.lock(), Started::ShutDown) {
            engine.shut_down();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Started> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
