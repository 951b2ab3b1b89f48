//! The engines of the process: each started when the first request needs it, then shared.
//!
//! prepyc's own compiler serves every version it has; an interpreter serves its one version, and only where one was named.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prepyc_engine::{Engine, EngineError, Limits};
use prepyc_version::{PyRelease, PyVersion};

/// What compiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EngineChoice {
    /// Native where there is a compiler for the version, else the interpreter.
    #[default]
    Auto,
    /// prepyc's own compiler.
    Native,
    /// The interpreter.
    Interpreter,
}

impl FromStr for EngineChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<EngineChoice, String> {
        match text {
            "auto" => Ok(EngineChoice::Auto),
            "native" => Ok(EngineChoice::Native),
            "interpreter" => Ok(EngineChoice::Interpreter),
            _ => Err("it is auto, native or interpreter".to_owned()),
        }
    }
}

/// Where our own compiler runs, and how many files are compiled at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// On the thread that asks, which has the stack for it.
    Callers,
    /// On as many of its own, at most.
    Own(usize),
}

impl Threads {
    fn count(self) -> usize {
        match self {
            Threads::Callers => 1,
            Threads::Own(count) => count,
        }
    }
}

/// What compiles, once it is needed.
#[derive(Debug)]
pub(super) struct SharedEngines {
    choice: EngineChoice,
    /// The interpreter, where one was named.
    python: Option<PathBuf>,
    threads: Threads,
    /// Held while an interpreter is started, which may take long.
    starting: Mutex<()>,
    /// Held for moments only: the end of the process waits for it.
    started: Mutex<Started>,
}

#[derive(Debug)]
enum Started {
    Running {
        /// One a version.
        native: Vec<Arc<Engine>>,
        interpreter: Option<Arc<Engine>>,
    },
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
    /// Our own compiler was asked for, and has nothing for this version.
    #[error("--engine native: this prepyc has no native compiler for Python {0}; leave --engine out")]
    NotNative(PyRelease),
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

impl SharedEngines {
    pub(super) fn new(choice: EngineChoice, python: Option<PathBuf>, threads: Threads) -> SharedEngines {
        let started = Mutex::new(Started::Running { native: Vec::new(), interpreter: None });
        SharedEngines { choice, python, threads, starting: Mutex::default(), started }
    }

    /// The engine for this version. A start that failed is tried again with the next request.
    pub(super) fn get(&self, version: PyRelease) -> Result<Arc<Engine>, NoEngine> {
        if self.choice != EngineChoice::Interpreter
            && let Some(engine) = self.native(version)?
        {
            return Ok(engine);
        }
        if self.choice == EngineChoice::Native {
            return Err(NoEngine::NotNative(version));
        }
        let engine = self.interpreter(version)?;
        // A release is only given to a target that has the release's own magic number.
        if engine.target().release != Some(version) {
            return Err(NoEngine::Disagreement { wanted: version, found: engine.target().to_string() });
        }
        Ok(engine)
    }

    /// Lets go of an engine that starts no interpreter any more; the next request gets a new one.
    pub(super) fn give_up(&self, engine: &Arc<Engine>) {
        if let Started::Running { interpreter, .. } = &mut *self.lock()
            && interpreter.as_ref().is_some_and(|running| Arc::ptr_eq(running, engine))
        {
            *interpreter = None;
        }
    }

    /// Ends all that compiles; whoever waits for it fails.
    pub(super) fn shut_down(&self) {
        let started = std::mem::replace(&mut *self.lock(), Started::ShutDown);
        if let Started::Running { native, interpreter } = started {
            native.iter().chain(&interpreter).for_each(|engine| engine.shut_down());
        }
    }

    /// Our own compiler; `None` where there is none for this version.
    fn native(&self, version: PyRelease) -> Result<Option<Arc<Engine>>, NoEngine> {
        let Some(version) = version.version() else { return Ok(None) };
        let Started::Running { native, .. } = &mut *self.lock() else { return Err(NoEngine::ShutDown) };
        if let Some(engine) = native.iter().find(|engine| engine.target().version() == Some(version)) {
            return Ok(Some(Arc::clone(engine)));
        }
        let engine = self.start_native(version).map(Arc::new);
        native.extend(engine.clone());
        Ok(engine)
    }

    fn start_native(&self, version: PyVersion) -> Option<Engine> {
        let engine = match self.threads {
            Threads::Callers => Engine::native_on_callers_thread(version),
            Threads::Own(count) => Engine::native(version, count),
        }?;
        Some(match (&self.python, self.choice) {
            (Some(python), EngineChoice::Auto) => {
                engine.with_fallback(python, self.threads.count(), Limits::STANDARD)
            }
            _ => engine,
        })
    }

    fn interpreter(&self, version: PyRelease) -> Result<Arc<Engine>, NoEngine> {
        let python = self.python.as_deref().ok_or(NoEngine::NotNamed(version))?;
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        match &*self.lock() {
            Started::Running { interpreter: Some(engine), .. } => return Ok(Arc::clone(engine)),
            Started::Running { interpreter: None, .. } => {}
            Started::ShutDown => return Err(NoEngine::ShutDown),
        }
        let engine = Arc::new(Engine::interpreter(python, self.threads.count(), Limits::STANDARD)?);
        match &mut *self.lock() {
            Started::Running { interpreter, .. } => *interpreter = Some(Arc::clone(&engine)),
            // The process ends by now.
            Started::ShutDown => {
                engine.shut_down();
                return Err(NoEngine::ShutDown);
            }
        }
        Ok(engine)
    }

    fn lock(&self) -> MutexGuard<'_, Started> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
