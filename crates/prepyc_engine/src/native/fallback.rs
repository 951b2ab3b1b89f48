//! The interpreter that compiles what prepyc's own compiler cannot, where one was named.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use prepyc_version::PyVersion;

use crate::interpreter::{InterpreterPool, Limits};
use crate::job::Job;
use crate::{CompileFailure, CompileRequest, CompileResult, Diagnostic, EngineError, Severity};

/// The category of the warning that an interpreter had to help.
const CATEGORY: &str = "PrepycWarning";

/// An interpreter that is started when it is first needed.
#[derive(Debug)]
pub(crate) struct Fallback {
    version: PyVersion,
    executable: PathBuf,
    workers: usize,
    limits: Limits,
    started: OnceLock<Result<InterpreterPool, EngineError>>,
    /// Held while it is started, and from the end on never again.
    phase: Mutex<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Ended,
}

impl Fallback {
    pub(crate) fn new(version: PyVersion, executable: PathBuf, workers: usize, limits: Limits) -> Fallback {
        let (started, phase) = (OnceLock::new(), Mutex::new(Phase::Open));
        Fallback { version, executable, workers, limits, started, phase }
    }

    /// Has a request done that our own compiler failed at. If it is compiled, a warning says so.
    pub(crate) fn submit(
        &self,
        request: CompileRequest,
        failure: CompileFailure,
        done: impl FnOnce(CompileResult) + Send + 'static,
    ) {
        let pool = match self.pool() {
            Ok(pool) => pool,
            Err(fallback) => {
                let (failure, fallback) = (Box::new(failure), Box::new(fallback));
                return done(Err(CompileFailure::Engine(EngineError::NoFallback { failure, fallback })));
            }
        };
        let reason = match failure {
            CompileFailure::Rejected { diagnostic, .. } => {
                format!("{}: {}", diagnostic.kind, diagnostic.message)
            }
            CompileFailure::Engine(error) => error.to_string(),
        };
        let message = format!("compiled by {}, because prepyc says: {reason}", pool.target());
        let note = Diagnostic::unplaced(Severity::Warning, CATEGORY, message, &request.filename);
        let noted = move |result: CompileResult| {
            done(result.map(|mut compiled| {
                compiled.warnings.insert(0, note);
                compiled
            }));
        };
        pool.submit(Job { request, done: Box::new(noted) });
    }

    /// Ends its processes, if there are any, and starts none any more.
    pub(crate) fn shut_down(&self) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Phase::Ended;
        if let Some(Ok(pool)) = self.started.get() {
            pool.shut_down();
        }
    }

    fn pool(&self) -> Result<&InterpreterPool, EngineError> {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let started = match *phase {
            Phase::Open => Some(self.started.get_or_init(|| self.start())),
            // What runs answers by itself that it has ended.
            Phase::Ended => self.started.get(),
        };
        match started {
            Some(Ok(pool)) => Ok(pool),
            Some(Err(error)) => Err(error.clone()),
            None => Err(EngineError::Start {
                executable: self.executable.clone(),
                reason: "the run was ended".to_owned(),
            }),
        }
    }

    fn start(&self) -> Result<InterpreterPool, EngineError> {
        let pool = InterpreterPool::start(&self.executable, self.workers, self.limits.clone())?;
        if pool.target().version() == Some(self.version) {
            return Ok(pool);
        }
        Err(EngineError::Start {
            executable: self.executable.clone(),
            reason: format!("it is {}, not Python {}", pool.target(), self.version),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use prepyc_testing::Oracle;

    use super::*;
    use crate::{Filename, Optimize};

    fn ask(fallback: &Fallback, source: &[u8]) -> CompileResult {
        let filename = Filename::from_bytes("m.py");
        let request =
            CompileRequest { source: source.into(), filename: filename.clone(), optimize: Optimize::None };
        let (sender, receiver) = mpsc::channel();
        let error = EngineError::Bug { filename, message: "index out of bounds".to_owned() };
        fallback.submit(request, error.into(), move |result| sender.send(result).unwrap());
        receiver.recv().unwrap()
    }

    fn fallback(oracle: &Oracle, version: PyVersion) -> Fallback {
        Fallback::new(version, oracle.executable().to_owned(), 1, Limits::STANDARD)
    }

    #[test]
    fn the_interpreter_answers_and_a_warning_says_so() {
        let Some(oracle) = Oracle::find_or_skip("3.13", "the_interpreter_answers") else { return };
        let fallback = fallback(&oracle, PyVersion::Py313);
        let compiled = ask(&fallback, b"x = 1\n").unwrap();
        let said = compiled.warnings[0].to_string();
        assert!(said.starts_with("m.py: PrepycWarning: compiled by CPython 3.13."), "{said}");
        assert!(said.contains("a bug in prepyc's own compiler (index out of bounds)"), "{said}");
        let Err(CompileFailure::Rejected { diagnostic, warnings }) = ask(&fallback, b"x = = 1\n") else {
            panic!("not rejected")
        };
        assert_eq!((diagnostic.kind.as_str(), warnings.len()), ("SyntaxError", 0));
        fallback.shut_down();
        let ended = ask(&fallback, b"x = 1\n").unwrap_err();
        assert!(matches!(ended, CompileFailure::Engine(EngineError::ShutDown { .. })), "{ended}");
    }

    #[test]
    fn an_interpreter_that_is_of_no_use_is_named_beside_the_first_error() {
        let Some(oracle) = Oracle::find_or_skip("3.13", "an_interpreter_of_no_use") else { return };
        let other = fallback(&oracle, PyVersion::Py314);
        let missing = Fallback::new(PyVersion::Py313, "/no/such/python".into(), 1, Limits::STANDARD);
        for (fallback, said) in [(other, "not Python 3.14"), (missing, "/no/such/python")] {
            let error = ask(&fallback, b"x = 1\n").unwrap_err().to_string();
            assert!(error.starts_with("m.py: ") && error.contains("index out of bounds"), "{error}");
            assert!(error.contains(said), "{error}");
        }
    }
}
