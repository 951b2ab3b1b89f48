//! From sources in memory to pycs in memory. Nothing is read or written here: who does that decides what may be.

use std::sync::mpsc;

use prepyc_engine::{
    CompileFailure, CompileRequest, CompileResult, Compiled, Diagnostic, Engine, EngineError, Source,
    pyc_bytes,
};

use super::batch::Batch;

/// Why a batch has no pycs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is, taken together.
    pub blame: Blame,
    messages: Vec<Message>,
}

/// Whose fault it is: it decides the exit code of a one-shot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A source was rejected.
    Source,
    /// The files, the interpreter, the machine.
    Environment,
    /// The machine, and so that this engine will compile nothing more.
    Engine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    /// In CPython's own form, and nothing else.
    Diagnostic(String),
    Problem(String),
}

/// The pycs of a batch in memory, and what the compiler had to say about their sources.
#[derive(Debug)]
pub struct CompiledBatch {
    /// In the order of the batch's modules.
    pub pycs: Vec<Vec<u8>>,
    /// Warnings, each on lines of its own.
    pub warnings: String,
}

/// Compiles all sources, which are those of the batch's modules in order, at once where there are several.
///
/// # Errors
/// If one of them has no pyc; every one of them is tried.
pub fn compile(batch: &Batch, engine: &Engine, sources: &[Source]) -> Result<CompiledBatch, Failure> {
    let results = compile_all(batch, engine, sources);
    let mut failures = Failures::default();
    let mut output = CompiledBatch { pycs: Vec::with_capacity(sources.len()), warnings: String::new() };
    for (source, result) in sources.iter().zip(results) {
        match result {
            Ok(Compiled { code, warnings }) => {
                for warning in warnings {
                    output.warnings.push_str(&warning.to_string());
                    output.warnings.push('\n');
                }
                output.pycs.push(pyc_bytes(engine.target(), batch.invalidation_mode, source, code));
            }
            Err(CompileFailure::Rejected { diagnostic, .. }) => failures.rejected(&diagnostic),
            Err(CompileFailure::Engine(error @ EngineError::Start { .. })) => failures.engine(&error),
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

impl Failure {
    /// One problem that is not the sources' fault.
    pub fn environment(error: &dyn std::error::Error) -> Failure {
        Failure { blame: Blame::Environment, messages: vec![Message::Problem(error.to_string())] }
    }

    /// What the user is shown, each message on lines of its own: diagnostics as they are, problems after `program` and a
    /// colon, as `prepyc-worker` and its like say who speaks.
    pub fn text(&self, program: Option<&str>) -> String {
        let mut text = String::new();
        for message in &self.messages {
            if let (Message::Problem(_), Some(program)) = (message, program) {
                text.push_str(program);
                text.push_str(": ");
            }
            let (Message::Diagnostic(line) | Message::Problem(line)) = message;
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// What went wrong with the modules of a batch, gathered.
#[derive(Debug, Default)]
pub struct Failures {
    blame: Option<Blame>,
    messages: Vec<Message>,
}

impl Failures {
    fn rejected(&mut self, diagnostic: &Diagnostic) {
        self.blame.get_or_insert(Blame::Source);
        self.messages.push(Message::Diagnostic(diagnostic.to_string()));
    }

    /// Adds a problem that is not the source's.
    pub fn environment(&mut self, error: &dyn std::error::Error) {
        if self.blame != Some(Blame::Engine) {
            self.blame = Some(Blame::Environment);
        }
        self.messages.push(Message::Problem(error.to_string()));
    }

    fn engine(&mut self, error: &EngineError) {
        self.environment(error);
        self.blame = Some(Blame::Engine);
    }

    /// The value, if nothing went wrong.
    ///
    /// # Errors
    /// If something did.
    pub fn unless_none<T>(self, value: T) -> Result<T, Failure> {
        match self.blame {
            None => Ok(value),
            Some(blame) => Err(Failure { blame, messages: self.messages }),
        }
    }
}
