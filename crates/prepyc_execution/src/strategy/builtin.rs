//! Running the builtin precompiler, in this process: what it makes is what `prepyc-worker` would make.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use prepyc_engine::{Engine, Source};
use prepyc_version::PyRelease;

use super::{Failure, Made, Spawn};
use crate::action::Action;
use crate::digest::{Digest, FieldHasher};
use crate::options::EngineSource;
use crate::outcome::ExecutionError;
use crate::precompiler::{Batch, Blame, compile};
use crate::prepare::Prepared;

/// Changes with anything that may change what the native compiler makes (see `build.rs`).
const REVISION: &str = env!("PREPYC_COMPILER_REVISION");

/// The engines of an executor, each asked for once.
pub(crate) struct Engines<'a> {
    source: &'a EngineSource,
    found: &'a FoundEngines,
}

/// What was found so far; outlives a run.
#[derive(Default)]
pub(crate) struct FoundEngines(Mutex<Vec<(PyRelease, Result<Found, String>)>>);

#[derive(Clone)]
struct Found {
    engine: Arc<Engine>,
    identity: Digest,
}

impl<'a> Engines<'a> {
    pub(crate) fn new(source: &'a EngineSource, found: &'a FoundEngines) -> Engines<'a> {
        Engines { source, found }
    }

    /// All that the bytes of the engine's pycs depend on beside sources and command lines.
    pub(crate) fn identity(&self, version: PyRelease) -> Result<Digest, ExecutionError> {
        self.find(version).map(|found| found.identity)
    }

    fn find(&self, version: PyRelease) -> Result<Found, ExecutionError> {
        // Held while an interpreter starts: whoever comes next waits for the same one.
        let mut found = self.found.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.iter().find(|(known, _)| *known == version).map(|(_, result)| result.clone());
        let result = known.unwrap_or_else(|| {
            let result = (self.source)(version)
                .map(|engine| Found { identity: identity(&engine), engine })
                .and_then(|found| match found.engine.target().release {
                    Some(release) if release == version => Ok(found),
                    _ => Err(format!(
                        "--python_version {version}, but what is to compile for it is {}: its pycs would be of no use",
                        found.engine.target()
                    )),
                });
            found.push((version, result.clone()));
            result
        });
        result.map_err(ExecutionError::Engine)
    }
}

fn identity(engine: &Engine) -> Digest {
    let target = engine.target();
    let mut hasher = FieldHasher::new("prepyc builtin 1");
    hasher.text(REVISION);
    hasher.bytes(&target.magic.0.to_le_bytes());
    match &target.interpreter {
        None => hasher.text("native"),
        Some(interpreter) => {
            hasher.text(&interpreter.implementation);
            for number in [interpreter.major, interpreter.minor, interpreter.micro] {
                hasher.bytes(&number.to_le_bytes());
            }
            hasher.text(&interpreter.release_level);
            hasher.bytes(&interpreter.serial.to_le_bytes());
        }
    }
    hasher.finish()
}

/// Compiles what the batch says, in memory.
pub(crate) fn run(spawn: &Spawn<'_>, batch: &Batch, engines: &Engines<'_>) -> Result<Made, Failure> {
    let prepared = spawn.prepared;
    let places = places_of_outputs(prepared.action, batch)?;
    let sources = sources(prepared, batch)?;
    let engine = engines.find(batch.python_version)?.engine;
    if spawn.cancel.is_cancelled() {
        return Err(Failure::Cancelled);
    }
    let compiled = compile(batch, &engine, &sources).map_err(|failure| match failure.blame {
        Blame::Source => Failure::Rejected(failure.text(None)),
        Blame::Environment | Blame::Engine => {
            Failure::Failed(ExecutionError::Engine(failure.text(None).trim_end().to_owned()))
        }
    })?;
    let mut outputs: Vec<Vec<u8>> = vec![Vec::new(); places.len()];
    for (pyc, place) in compiled.pycs.into_iter().zip(places) {
        outputs[place] = pyc;
    }
    Ok(Made { outputs, text: compiled.warnings })
}

/// For each module the number of the output that its pyc is.
fn places_of_outputs(action: &Action, batch: &Batch) -> Result<Vec<usize>, ExecutionError> {
    let places = batch.modules.iter().map(|module| {
        action.outputs.iter().position(|output| is(&module.pyc, &output.exec_path)).ok_or_else(|| {
            ExecutionError::Arguments(format!(
                "--pyc {}: that is none of the action's outputs",
                module.pyc.display()
            ))
        })
    });
    let places = places.collect::<Result<Vec<usize>, _>>()?;
    match (0..action.outputs.len()).find(|place| !places.contains(place)) {
        Some(missing) => Err(ExecutionError::Arguments(format!(
            "no --pyc makes {}, which the action declares",
            action.outputs[missing].exec_path
        ))),
        None => Ok(places),
    }
}

/// The sources as they were when the action's key was made.
fn sources(prepared: &Prepared<'_>, batch: &Batch) -> Result<Vec<Source>, ExecutionError> {
    let source = |path: &Path| {
        let found = prepared.action.inputs.iter().position(|input| is(path, &input.exec_path));
        let place = found.ok_or_else(|| {
            ExecutionError::Arguments(format!(
                "--src {}: that is none of the action's inputs",
                path.display()
            ))
        })?;
        let (input, known) = (&prepared.action.inputs[place], &prepared.inputs[place]);
        if let Some(source) = &known.source {
            return Ok(source.clone());
        }
        let source =
            Source::read(&input.file).map_err(|error| ExecutionError::Arguments(error.to_string()))?;
        if Digest::of(&source.bytes) != known.digest {
            return Err(ExecutionError::InputChanged(input.file.clone()));
        }
        Ok(source)
    };
    batch.modules.iter().map(|module| source(&module.source)).collect()
}

fn is(path: &Path, exec_path: &str) -> bool {
    path.as_os_str() == OsStr::from_bytes(exec_path.as_bytes())
}
