//! A batch in three steps: read every source, compile all, publish all pycs or none.
//!
//! The steps are apart because only the first and the last touch files of the request, and each may be refused once the
//! request is cancelled. Nothing is published unless every source of the batch compiled and every pyc may be written.

use std::fmt::Write as _;
use std::sync::mpsc;

use prepyc_engine::publish::{check_destination, publish};
use prepyc_engine::{
    CompileFailure, CompileRequest, CompileResult, Compiled, Diagnostic, Engine, EngineError, Source,
    pyc_bytes,
};

use super::batch::Batch;

/// Why a batch has no pycs, in words for the user: each message on lines of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) blame: Blame,
    pub(super) output: String,
}

/// Whose fault it is: it decides the exit code of a one-shot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// A source was rejected.
    Source,
    /// The files, the interpreter, the machine.
    Environment,
    /// The machine, and so that this engine will compile nothing more.
    Engine,
}

/// The pycs of a batch in memory, and what the compiler had to say about their sources.
#[derive(Debug)]
pub(super) struct Output {
    pycs: Vec<Vec<u8>>,
    /// Warnings, each on lines of its own.
    pub(super) warnings: String,
}

/// Reads all sources, in order. Looks at the pycs' places too, so that nothing is compiled in vain.
pub(super) fn read(batch: &Batch) -> Result<Vec<Source>, Failure> {
    let mut failures = Failures::default();
    let mut sources = Vec::with_capacity(batch.modules.len());
    for module in &batch.modules {
        if let Err(error) = check_destination(&module.pyc) {
            failures.environment(&error);
        }
        match Source::read(&module.source) {
            Ok(source) => sources.push(source),
            Err(error) => failures.environment(&error),
        }
    }
    failures.unless_none(sources)
}

/// Compiles all sources, at once where there are several, and makes their pycs.
pub(super) fn compile(batch: &Batch, engine: &Engine, sources: &[Source]) -> Result<Output, Failure> {
    let results = compile_all(batch, engine, sources);
    let mut failures = Failures::default();
    let mut output = Output { pycs: Vec::with_capacity(sources.len()), warnings: String::new() };
    for (source, result) in sources.iter().zip(results) {
        match result {
            Ok(Compiled { code, warnings }) => {
                warnings.iter().for_each(|warning| add_diagnostic(&mut output.warnings, warning));
                output.pycs.push(pyc_bytes(engine.target(), batch.invalidation_mode, source, code));
            }
            Err(CompileFailure::Rejected { diagnostic, .. }) => failures.rejected(&diagnostic),
            Err(CompileFailure::Engine(error @ EngineError::Start { .. })) => {
                failures.environment(&error);
                failures.blame = Some(Blame::Engine);
            }
            Err(CompileFailure::Engine(error)) => failures.environment(&error),
        }
    }
    failures.unless_none(output)
}

fn compile_all(batch: &Batch, engine: &Engine, sources: &[Source]) -> Vec<CompileResult> {
    let requests = batch.modules.iter().zip(sources).map(|(module, source)| CompileRequest {
        source: source.bytes.clone(),
        filename: module.name.clone(),
        optimize: batch.optimize,
    });
    if sources.len() == 1 {
        return requests.map(|request| engine.compile(request)).collect();
    }
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<CompileResult>> = Vec::new();
    for (index, request) in requests.enumerate() {
        let sender = sender.clone();
        results.push(None);
        engine.submit(request, move |result| {
            // The receiver below waits for every one of them.
            let _ = sender.send((index, result));
        });
    }
    drop(sender);
    for (index, result) in receiver {
        results[index] = Some(result);
    }
    results.into_iter().map(|result| result.expect("the engine answers every request")).collect()
}

/// Writes all pycs. If the machine fails half-way, those before stay; each is whole.
pub(super) fn publish_all(batch: &Batch, sources: &[Source], output: &Output) -> Result<(), Failure> {
    let mut failures = Failures::default();
    for module in &batch.modules {
        if let Err(error) = check_destination(&module.pyc) {
            failures.environment(&error);
        }
    }
    failures.unless_none(())?;
    for ((module, source), pyc) in batch.modules.iter().zip(sources).zip(&output.pycs) {
        publish(&module.pyc, pyc, source.stat.mode).map_err(|error| Failure::environment(&error))?;
    }
    Ok(())
}

impl Failure {
    pub(super) fn environment(error: &dyn std::error::Error) -> Failure {
        Failure { blame: Blame::Environment, output: format!("prepyc-worker: {error}\n") }
    }
}

/// What went wrong with the modules of a batch.
#[derive(Debug, Default)]
struct Failures {
    blame: Option<Blame>,
    output: String,
}

impl Failures {
    /// In CPython's own form, and nothing else.
    fn rejected(&mut self, diagnostic: &Diagnostic) {
        self.blame.get_or_insert(Blame::Source);
        add_diagnostic(&mut self.output, diagnostic);
    }

    fn environment(&mut self, error: &dyn std::error::Error) {
        if self.blame != Some(Blame::Engine) {
            self.blame = Some(Blame::Environment);
        }
        self.output.push_str(&Failure::environment(error).output);
    }

    fn unless_none<T>(self, value: T) -> Result<T, Failure> {
        match self.blame {
            None => Ok(value),
            Some(blame) => Err(Failure { blame, output: self.output }),
        }
    }
}

fn add_diagnostic(output: &mut String, diagnostic: &Diagnostic) {
    // Writing to a string cannot fail.
    let _ = writeln!(output, "{diagnostic}");
}
