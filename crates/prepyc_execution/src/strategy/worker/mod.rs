//! Persistent workers: one request, what may go wrong with it, and whether it is worth a second try.
//!
//! A worker that breaks the protocol may do so over any of the requests it holds. Whichever cannot be to blame for sure is
//! sent once more, alone, to a worker of its own: there it is.

mod instance;
mod pool;
mod spec;

use std::fs;
use std::time::Instant;

use prepyc_protocol::{ClientError, Plexing, Reply, WorkRequest, WorkResponse};

use super::folder::{ExecutionRoot, Folder};
use super::process::LOOK_AGAIN;
use super::{Failure, Made, ProgramSpawn};
use crate::outcome::ExecutionError;
use instance::{Instance, Place};
use pool::Lease;
pub(crate) use pool::Workers;
use spec::Sandboxing;
pub(crate) use spec::WorkerSpec;

/// Why a request came to nothing.
enum Trouble {
    /// That is how it ends.
    Final(Failure),
    /// Its worker broke; perhaps over another request.
    Broken(ExecutionError),
}

impl<E: Into<ExecutionError>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::Final(Failure::Failed(error.into()))
    }
}

/// Runs an action on a worker.
pub(crate) fn run(
    spawn: &ProgramSpawn<'_>,
    spec: &WorkerSpec,
    workers: &Workers,
    root: &ExecutionRoot,
) -> Result<Made, Failure> {
    let lease = workers.lease(spec, spawn, root)?;
    let first = request(spawn, spec, &lease, root);
    let was_alone = lease.is_only_request();
    drop(lease);
    match first {
        Ok(made) => Ok(made),
        Err(Trouble::Final(failure)) => Err(failure),
        Err(Trouble::Broken(error)) if was_alone => Err(Failure::Failed(error)),
        Err(Trouble::Broken(_)) => {
            let lease = workers.lease_fresh(spec, spawn, root)?;
            request(spawn, spec, &lease, root).map_err(|trouble| match trouble {
                Trouble::Final(failure) => failure,
                Trouble::Broken(error) => Failure::Failed(error),
            })
        }
    }
}

/// Sends one request and takes what comes of it.
fn request(
    spawn: &ProgramSpawn<'_>,
    spec: &WorkerSpec,
    lease: &Lease<'_>,
    root: &ExecutionRoot,
) -> Result<Made, Trouble> {
    let (action, instance) = (spawn.prepared.action, lease.instance());
    let sandbox = match spec.sandboxing {
        Sandboxing::None => None,
        Sandboxing::Folder => Some(String::new()),
        Sandboxing::Directory => Some(format!("__sandbox/{}/_main", lease.number())),
    };
    let own: Option<Folder> = match (sandbox.as_deref(), &instance.place) {
        (Some(""), Place::Own(_)) | (_, Place::Root) | (None, _) => None,
        (Some(directory), Place::Own(folder)) => Some(Folder::make_anew(folder.path().join(directory))?),
    };
    let folder = own.as_ref().unwrap_or(match &instance.place {
        Place::Root => root.folder(),
        Place::Own(folder) => folder,
    });
    match &instance.place {
        Place::Root => root.prepare(action, &spawn.program.files, spawn.tool.places)?,
        Place::Own(_) => {
            action.inputs.iter().try_for_each(|input| folder.link(input))?;
            action.outputs.iter().try_for_each(|output| folder.make_room(output))?;
        }
    }
    let sandbox_dir = own.as_ref().and(sandbox).unwrap_or_default();
    let response = answer(spawn, spec, instance, request_of(spawn, spec, &sandbox_dir))?;
    let made = take(spawn, instance, folder, response, &sandbox_dir);
    if let Some(own) = &own {
        // Its number is never used again.
        let _ = fs::remove_dir_all(own.path().parent().unwrap_or(own.path()));
    } else if let Place::Own(folder) = &instance.place {
        for input in &action.inputs {
            let _ = fs::remove_file(folder.path().join(&input.exec_path));
        }
    }
    made
}

fn request_of(spawn: &ProgramSpawn<'_>, spec: &WorkerSpec, sandbox_dir: &str) -> WorkRequest {
    let inputs = spawn.prepared.action.inputs.iter().zip(&spawn.prepared.inputs);
    let inputs = inputs.map(|(input, known)| prepyc_protocol::Input {
        path: input.exec_path.clone(),
        digest: known.digest.hex().into_bytes(),
    });
    WorkRequest {
        arguments: spawn.prepared.action.arguments.clone(),
        inputs: inputs.chain(spawn.tool.inputs.iter().cloned()).collect(),
        verbosity: spec.verbosity,
        sandbox_dir: sandbox_dir.to_owned(),
        ..WorkRequest::default()
    }
}

/// Waits for the answer, but neither for ever nor once the build is cancelled.
fn answer(
    spawn: &ProgramSpawn<'_>,
    spec: &WorkerSpec,
    instance: &Instance,
    request: WorkRequest,
) -> Result<WorkResponse, Trouble> {
    let broken = |error: &ClientError| Trouble::Broken(instance.broke(error, spawn.limits));
    let reply = instance.client().submit(request).map_err(|error| broken(&error))?;
    let deadline = Instant::now() + spawn.limits.action;
    loop {
        match reply.wait_for(LOOK_AGAIN) {
            Some(Ok(response)) => return Ok(response),
            Some(Err(ClientError::AnsweredTwice)) => {
                let problem = "answered the request twice".to_owned();
                return Err(Trouble::Final(Failure::Failed(instance.problem(problem))));
            }
            Some(Err(error)) => return Err(broken(&error)),
            None if spawn.cancel.is_cancelled() => {
                give_up(spawn, spec, instance, &reply);
                return Err(Trouble::Final(Failure::Cancelled));
            }
            None if Instant::now() >= deadline => {
                instance.kill();
                let seconds = spawn.limits.action.as_secs_f32();
                let problem = format!("did not answer within {seconds} s, and was killed");
                let error = instance.problem(problem);
                return Err(match spec.plexing {
                    // Another request may have kept it from this one.
                    Plexing::Multiplex => Trouble::Broken(error),
                    Plexing::Singleplex => Trouble::Final(Failure::Failed(error)),
                });
            }
            None => {}
        }
    }
}

/// Asks the worker to give a request up, if it can be asked; else, or if it does not, that is its end.
fn give_up(spawn: &ProgramSpawn<'_>, spec: &WorkerSpec, instance: &Instance, reply: &Reply) {
    let asked = spec.cancellable && instance.client().cancel(reply).is_ok();
    if !(asked && matches!(reply.wait_for(spawn.limits.grace), Some(Ok(_)))) {
        instance.kill();
    }
}

/// What an answer comes to.
fn take(
    spawn: &ProgramSpawn<'_>,
    instance: &Instance,
    folder: &Folder,
    response: WorkResponse,
    sandbox_dir: &str,
) -> Result<Made, Trouble> {
    let action = spawn.prepared.action;
    if response.was_cancelled {
        let problem = "says that the request was cancelled, which nobody asked for".to_owned();
        return Err(Trouble::Final(Failure::Failed(instance.problem(problem))));
    }
    if response.exit_code != 0 {
        let text = match response.output.trim().is_empty() {
            true => format!("{}: exit code {}, without a word\n", instance.name(), response.exit_code),
            false => response.output,
        };
        return Err(Trouble::Final(Failure::Rejected(text)));
    }
    let outside = |path: std::path::PathBuf| match sandbox_dir {
        "" => ExecutionError::WroteOutside { program: instance.name(), path },
        _ => {
            let sandbox = sandbox_dir.to_owned();
            ExecutionError::WroteOutsideOfSandbox { program: instance.name(), path, sandbox }
        }
    };
    if let Place::Own(own) = &instance.place
        && !sandbox_dir.is_empty()
        && let Some(path) = instance.output_beside_sandboxes(own, action)
    {
        return Err(outside(path).into());
    }
    let outputs = folder.take_outputs(action, &format!("worker {}", instance.name()), &response.output)?;
    if let Place::Own(_) = &instance.place {
        let tool: &[_] = if sandbox_dir.is_empty() { &spawn.program.files } else { &[] };
        if let Some(path) = folder.stray(&[tool, &action.inputs], &[]) {
            let _ = fs::remove_file(folder.path().join(&path));
            return Err(ExecutionError::WroteOutside { program: instance.name(), path }.into());
        }
    }
    Ok(Made { outputs, text: response.output })
}
