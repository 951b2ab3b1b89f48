//! `prepyc-worker`: rules_python's precompiler, one-shot or as a persistent worker of Bazel.
//!
//! `arguments` is what was typed; what it means and how it is compiled is `prepyc_execution`'s, shared with `prepyc build`;
//! `compile` reads and publishes; this file runs that once or for each request.
//! The rules are those of `docs/precompiling.md` §7 and `docs/worker_protocol.md`.

mod arguments;
mod compile;
mod engines;
mod log;
mod signals;
mod streams;

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use prepyc_execution::precompiler::{self, ArgumentError, Batch, Blame, Failure};
use prepyc_protocol::{Cancellation, End, Outcome, ServeOptions, Server, WorkRequest};
use rustix::process::Resource;

use arguments::{Arguments, Implementation, Origin, Purpose};
use engines::{SharedEngines, Threads};
use log::{Level, say};

/// What `--help` shows.
const HELP: &str = include_str!("help.txt");

/// Who speaks, in messages that are not the compiler's.
const PROGRAM: &str = "prepyc-worker";

/// Names the interpreter where `--python` does not.
const PYTHON_VARIABLE: &str = "PREPYC_PYTHON";

/// How long requests that were accepted before the input ended may still take.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// Requests that are worked on at once, for each core: while one is compiled, another is read or written.
const REQUESTS_PER_CORE: usize = 2;

/// A stack that is enough to compile on, in bytes, with as much again for what was called before.
const ROOMY_STACK_BYTES: u64 = 2 << 20;

/// Some source was rejected.
const EXIT_REJECTED: u8 = 1;
/// The command line, the environment, or a broken stream of requests.
const EXIT_ENVIRONMENT: u8 = 2;
/// A shell's code for a process that a signal ended is this plus the signal.
const EXIT_SIGNAL: i32 = 128;

/// Runs the program on its arguments, without the program's own name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut typed = Arguments::default();
    if let Err(error) = typed.add(arguments, Origin::CommandLine) {
        return complain(&error, EXIT_ENVIRONMENT);
    }
    let result = match typed.start.purpose {
        Purpose::ShowHelp => show(HELP),
        Purpose::ShowVersion => show(concat!("prepyc-worker ", env!("CARGO_PKG_VERSION"), "\n")),
        Purpose::Serve => serve(typed),
        Purpose::Once => run_once(typed),
    };
    match result {
        Ok(code) => code,
        Err(error) => complain(&format_args!("{error:#}"), EXIT_ENVIRONMENT),
    }
}

fn show(text: &str) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn complain(message: &dyn std::fmt::Display, code: u8) -> ExitCode {
    say(Level::Error, Level::Error, format_args!("{message}"));
    ExitCode::from(code)
}

fn named_python(typed: &Arguments) -> Option<PathBuf> {
    let from_environment = || std::env::var_os(PYTHON_VARIABLE).filter(|value| !value.is_empty());
    typed.start.python.clone().or_else(|| from_environment().map(PathBuf::from))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A single file is compiled on the thread that the process has anyway, unless somebody made its stack small.
fn threads_for(files: usize) -> Threads {
    let stack_bytes = rustix::process::getrlimit(Resource::Stack).current;
    match files {
        1 if stack_bytes.is_none_or(|bytes| bytes >= ROOMY_STACK_BYTES) => Threads::Callers,
        _ => Threads::Own(cores().min(files)),
    }
}

/// Compiles what the command line says.
fn run_once(typed: Arguments) -> anyhow::Result<ExitCode> {
    let python = named_python(&typed);
    let batch = match Batch::new(typed.compile, Path::new("")) {
        Ok(batch) => batch,
        Err(error) => return Ok(complain(&error, EXIT_ENVIRONMENT)),
    };
    let threads = threads_for(batch.modules.len());
    let engines = Arc::new(SharedEngines::new(typed.start.engine, python, threads));
    // Held while pycs are published: a signal waits for that, and leaves neither half of them nor temporary files.
    let publishing = Arc::new(Mutex::new(()));
    let (ending_engines, gate) = (Arc::clone(&engines), Arc::clone(&publishing));
    signals::on_end(move |signal| {
        let _gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
        ending_engines.shut_down();
        std::process::exit(EXIT_SIGNAL + signal);
    })
    .context("cannot watch for signals")?;
    let done: Result<String, Failure> = (|| {
        let sources = compile::read(&batch)?;
        let running = engines.get(batch.python_version).map_err(|error| Failure::environment(&error))?;
        let output = precompiler::compile(&batch, &running, &sources)?;
        let _gate = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        compile::publish_all(&batch, &sources, &output)?;
        Ok(output.warnings)
    })();
    engines.shut_down();
    let (text, code) = match done {
        Ok(warnings) => (warnings, 0),
        Err(failure) if failure.blame == Blame::Source => (failure.text(Some(PROGRAM)), EXIT_REJECTED),
        Err(failure) => (failure.text(Some(PROGRAM)), EXIT_ENVIRONMENT),
    };
    // Whoever closed stderr does not want it.
    let _ = io::stderr().lock().write_all(text.as_bytes());
    Ok(ExitCode::from(code))
}

/// Serves requests until the input ends or a signal comes.
fn serve(typed: Arguments) -> anyhow::Result<ExitCode> {
    let streams = streams::reserve().context("cannot reserve the standard streams")?;
    let level = typed.start.log_level;
    let (workers, concurrency) = match typed.start.implementation {
        Implementation::Async => (cores(), cores() * REQUESTS_PER_CORE),
        Implementation::Serial => (1, 1),
    };
    let server = Server::new(ServeOptions {
        protocol: typed.start.protocol,
        concurrency: NonZeroUsize::new(concurrency).unwrap_or(NonZeroUsize::MIN),
        finish_limit: FINISH_LIMIT,
    });
    let stopper = server.stopper();
    signals::on_end(move |_| stopper.stop()).context("cannot watch for signals")?;
    say(level, Level::Info, format_args!("started, pid {}", std::process::id()));
    let engines =
        Arc::new(SharedEngines::new(typed.start.engine, named_python(&typed), Threads::Own(workers)));
    let shared = Arc::clone(&engines);
    let handle = move |request: &WorkRequest, cancellation: &Cancellation<'_>| {
        handle_request(&typed, &shared, request, cancellation)
    };
    let end = server.serve(streams.requests, streams.responses, handle);
    engines.shut_down();
    match end {
        Ok(End::Stopped) => say(level, Level::Info, format_args!("ended by a signal")),
        Ok(End::InputEnded { abandoned: 0 }) => say(level, Level::Info, format_args!("the input ended")),
        Ok(End::InputEnded { abandoned }) => {
            say(level, Level::Warning, format_args!("the input ended; {abandoned} requests given up"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// One request: what its exit code and output are. The process's own compile arguments come before the request's, as
/// Bazel's do when it runs the action without a worker.
fn handle_request(
    typed: &Arguments,
    engines: &SharedEngines,
    request: &WorkRequest,
    cancellation: &Cancellation<'_>,
) -> Outcome {
    let started = Instant::now();
    let level = if request.verbosity > 0 { Level::Debug } else { typed.start.log_level };
    let outcome = match compile_request(typed, engines, request, cancellation) {
        Ok(warnings) => Outcome { exit_code: 0, output: warnings },
        Err(failure) => Outcome { exit_code: 1, output: failure.text(Some(PROGRAM)) },
    };
    say(
        level,
        Level::Debug,
        format_args!(
            "request {}: exit code {}, {:.1} ms: {}",
            request.request_id,
            outcome.exit_code,
            started.elapsed().as_secs_f64() * 1000.0,
            request.arguments.join(" "),
        ),
    );
    outcome
}

fn compile_request(
    typed: &Arguments,
    engines: &SharedEngines,
    request: &WorkRequest,
    cancellation: &Cancellation<'_>,
) -> Result<String, Failure> {
    let (batch, sources) = cancellation
        .access(|| {
            let sandbox_dir = Path::new(&request.sandbox_dir);
            if !request.sandbox_dir.is_empty() && !sandbox_dir.is_dir() {
                let message = format!("the sandbox directory {} does not exist", sandbox_dir.display());
                return Err(Failure::environment(&ArgumentError::Whole(message)));
            }
            let mut typed = typed.clone();
            typed
                .add(&request.arguments, Origin::Request { sandbox_dir })
                .map_err(|error| Failure::environment(&error))?;
            let batch =
                Batch::new(typed.compile, sandbox_dir).map_err(|error| Failure::environment(&error))?;
            let sources = compile::read(&batch)?;
            Ok((batch, sources))
        })
        .map_err(|error| Failure::environment(&error))??;
    let running = engines.get(batch.python_version).map_err(|error| Failure::environment(&error))?;
    let output = precompiler::compile(&batch, &running, &sources).inspect_err(|failure| {
        if failure.blame == Blame::Engine {
            engines.give_up(&running);
        }
    })?;
    cancellation
        .commit(|| compile::publish_all(&batch, &sources, &output))
        .map_err(|error| Failure::environment(&error))??;
    Ok(output.warnings)
}
