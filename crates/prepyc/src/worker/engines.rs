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
    /// Held while an engine is started, which may take long.
    starting: Mutex<()>,
    /// Held for moments only: the end of the process waits for it.
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
        SharedEngine { python, workers, starting: Mutex::default(), started: Mutex::default() }
    }

    /// The engine for this version. A start that failed is tried again with the next request.
    pub(super) fn get(&self, version: PyRelease) -> Result<Arc<Engine>, NoEngine> {
        let python = self.python.as_deref().ok_or(NoEngine::NotNamed(version))?;
        let starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = match self.running()? {
            Some(engine) => engine,
            None => {
                let engine = Arc::new(Engine::interpreter(python, self.workers, Limits::STANDARD)?);
                self.keep(&engine)?;
                engine
            }
        };
        drop(starting);
        // A release is only given to a target that has the release's own magic number.
        if engine.target().release != Some(version) {
            return Err(NoEngine::Disagreement { wanted: version, found: engine.target().to_string() });
        }
        Ok(engine)
    }

    /// Lets go of an engine that starts no interpreter any more; the next request gets a new one.
    pub(super) fn give_up(&self, engine: &Arc<Engine>) {
        let mut started = self.lock();
        if matches!(&*started, Started::Running(running) if Arc::ptr_eq(running, engine)) {
            *started = Started::NotYet;
        }
    }

    /// Ends its processes; whoever waits for one of them fails.
    pub(super) fn shut_down(&self) {
        let started = std::mem::replace(&mut *self.lock(), Started::ShutDown);
        if let Started::Running(engine) = started {
            engine.shut_down();
        }
    }

    fn running(&self) -> Result<Option<Arc<Engine>>, NoEngine> {
        match &*self.lock() {
            Started::NotYet => Ok(None),
            Started::Running(engine) => Ok(Some(Arc::clone(engine))),
            Started::ShutDown => Err(NoEngine::ShutDown),
        }
    }

    /// Keeps an engine that has just started, unless the process ends by now.
    fn keep(&self, engine: &Arc<Engine>) -> Result<(), NoEngine> {
        let mut started = self.lock();
        if matches!(&*started, Started::ShutDown) {
            drop(started);
            engine.shut_down();
            return Err(NoEngine::ShutDown);
        }
        *started = Started::Running(Arc::clone(engine));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Started> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
