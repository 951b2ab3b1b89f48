//! One source on its way: judged, read, compiled at each stale level, published together.
//!
//! Begun on a feeding thread; the last level to arrive finishes it on one of the engine's threads.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use prepyc_engine::publish::{publish, publish_hardlink};
use prepyc_engine::{
    CompileFailure, CompileRequest, CompileResult, Compiled, Diagnostic, Freshness, InvalidationMode, Reason,
    Source, SourceError, pyc_bytes, staleness,
};

use super::outcome::{Failure, FileOutcome, PycOutcome, PycState};
use super::pipeline::Shared;
use super::plan::pyc_path;
use super::recorded_path::Recorded;
use super::settings::{Dupes, Retention, Work};
use crate::commands::discovery::{SourceFile, reason, without_number};
use crate::commands::files::unreadable;
use crate::commands::path_text::shown;

/// What became of a file after the first look at it.
pub(super) enum Begun {
    /// Nothing is to be compiled.
    Done(FileOutcome),
    /// These levels are.
    Compiling(Arc<FileTask>),
}

/// A source being compiled.
pub(super) struct FileTask {
    shared: Arc<Shared>,
    index: usize,
    source: Source,
    recorded: Recorded,
    pycs: Vec<PycPlan>,
    arrived: Mutex<Vec<Option<CompileResult>>>,
}

/// One pyc of the source.
struct PycPlan {
    outcome: PycOutcome,
    /// Whether it has to be compiled.
    wanted: bool,
    /// Why; `None` where it is up to date.
    stale: Option<Reason>,
}

/// Looks at a file: what is stale, and if anything is to be done, its bytes.
pub(super) fn begin(shared: &Arc<Shared>, index: usize) -> Begun {
    let file = &shared.sources[index];
    match prepare(shared, index, file) {
        Ok(begun) => begun,
        Err(error) => Begun::Done(FileOutcome::failed(Failure::Environment(unreadable(&error)))),
    }
}

fn prepare(shared: &Arc<Shared>, index: usize, file: &SourceFile) -> Result<Begun, SourceError> {
    let settings = &shared.settings;
    let (mode, magic) = (settings.invalidation, shared.target.magic);
    // A hash takes the whole source, which is then at hand for compiling.
    let read = match mode {
        InvalidationMode::Timestamp => None,
        InvalidationMode::CheckedHash | InvalidationMode::UncheckedHash => {
            Some(Source::read_found(&file.path)?)
        }
    };
    let mut pycs = Vec::with_capacity(settings.levels.len());
    for &level in &settings.levels {
        let path = pyc_path(settings, &shared.target, file, level);
        let freshness = match &read {
            Some(source) => staleness::judge_read(&path, source, mode, magic),
            None => staleness::judge(&path, &file.path, mode, magic)?,
        };
        let stale = match freshness {
            Freshness::Fresh => None,
            Freshness::Stale(reason) => Some(reason),
        };
        let state = stale.map_or(PycState::Fresh, PycState::Stale);
        pycs.push(PycPlan { outcome: PycOutcome { path, level, state }, wanted: stale.is_some(), stale });
    }
    let anything_stale = pycs.iter().any(|pyc| pyc.wanted);
    let everything = match settings.work {
        Work::Check => false,
        Work::Everything => true,
        // Whether two levels are equal is seen only when both are compiled.
        Work::Stale => anything_stale && settings.dupes == Dupes::Hardlink,
    };
    let recorded = settings.recorded_path.of(&file.path);
    if settings.work == Work::Check || !(anything_stale || everything) {
        return Ok(Begun::Done(FileOutcome {
            pycs: pycs.into_iter().map(|pyc| pyc.outcome).collect(),
            diagnostics: Vec::new(),
            failure: None,
            ignored_prefix: recorded.ignored,
            deletable: None,
        }));
    }
    for pyc in &mut pycs {
        pyc.wanted |= everything;
    }
    let source = match read {
        Some(source) => source,
        None => Source::read_found(&file.path)?,
    };
    let arrived = Mutex::new(pycs.iter().map(|_| None).collect());
    Ok(Begun::Compiling(Arc::new(FileTask {
        shared: Arc::clone(shared),
        index,
        source,
        recorded,
        pycs,
        arrived,
    })))
}

impl FileTask {
    fn file(&self) -> &SourceFile {
        &self.shared.sources[self.index]
    }

    /// The positions and requests of the levels that are to be compiled.
    pub(super) fn requests(&self) -> Vec<(usize, CompileRequest)> {
        let wanted = self.pycs.iter().enumerate().filter(|(_, pyc)| pyc.wanted);
        let to_request = |(position, pyc): (usize, &PycPlan)| {
            let request = CompileRequest {
                source: Arc::clone(&self.source.bytes),
                filename: self.recorded.filename.clone(),
                optimize: pyc.outcome.level,
            };
            (position, request)
        };
        wanted.map(to_request).collect()
    }

    /// Takes the result of one level; with the last one the file is finished.
    pub(super) fn arrive(&self, position: usize, result: CompileResult) {
        let _guard = self.shared.results.guard();
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        arrived[position] = Some(result);
        let waiting = |(pyc, result): (&PycPlan, &Option<CompileResult>)| pyc.wanted && result.is_none();
        if self.pycs.iter().zip(arrived.iter()).any(waiting) {
            return;
        }
        let results = std::mem::take(&mut *arrived);
        drop(arrived);
        let finish = || self.finish(results);
        if let Some(outcome) = self.shared.while_open(finish) {
            self.shared.results.send(self.index, outcome);
        }
    }

    fn finish(&self, results: Vec<Option<CompileResult>>) -> FileOutcome {
        let mut diagnostics = Vec::new();
        let mut compiled = Vec::with_capacity(results.len());
        let mut failure = None;
        for result in results {
            compiled.push(match result {
                None => None,
                Some(Ok(done)) => {
                    add_new(&mut diagnostics, &done.warnings);
                    Some(done)
                }
                Some(Err(error)) => {
                    failure = failure.or(Some(self.failure(error, &mut diagnostics)));
                    None
                }
            });
        }
        let mut outcome = FileOutcome {
            pycs: self.pycs.iter().map(PycPlan::unwritten).collect(),
            diagnostics,
            failure,
            ignored_prefix: self.recorded.ignored,
            deletable: None,
        };
        if outcome.failure.is_none() {
            match self.publish_all(compiled, &mut outcome.pycs) {
                Ok(()) if self.shared.settings.retention == Retention::DeleteSource => {
                    outcome.deletable = Some(self.source.stat);
                }
                Ok(()) => {}
                Err(message) => outcome.failure = Some(Failure::Environment(message)),
            }
        }
        outcome
    }

    fn failure(&self, error: CompileFailure, diagnostics: &mut Vec<Diagnostic>) -> Failure {
        match error {
            CompileFailure::Rejected { diagnostic, warnings } => {
                add_new(diagnostics, &warnings);
                diagnostics.push(*diagnostic);
                Failure::Rejected
            }
            CompileFailure::Engine(error) => {
                Failure::Environment(format!("{}: not compiled: {error}", shown(&self.file().path)))
            }
        }
    }

    /// Publishes all levels, lowest first; one that cannot be published ends it.
    fn publish_all(&self, compiled: Vec<Option<Compiled>>, pycs: &mut [PycOutcome]) -> Result<(), String> {
        let Shared { settings, target, .. } = &*self.shared;
        let mut published: Vec<(&Path, Vec<u8>)> = Vec::new();
        for ((plan, pyc), compiled) in self.pycs.iter().zip(pycs).zip(compiled) {
            let Some(compiled) = compiled else { continue };
            let bytes = pyc_bytes(target, settings.invalidation, &self.source, compiled.code);
            let path = plan.outcome.path.as_path();
            let twin = published.iter().find(|(_, twin)| settings.dupes == Dupes::Hardlink && *twin == bytes);
            match twin {
                Some((twin, _)) => publish_hardlink(twin, path, &bytes, self.source.stat.mode),
                None => publish(path, &bytes, self.source.stat.mode),
            }
            .map_err(|error| without_number(&format!("{}: {error}", shown(&self.file().path))))?;
            if settings.retention == Retention::DeleteSource {
                check_published(path, &bytes)?;
            }
            pyc.state = PycState::Written { size_bytes: bytes.len() as u64, reason: plan.stale };
            published.push((path, bytes));
        }
        Ok(())
    }
}

impl PycPlan {
    fn unwritten(&self) -> PycOutcome {
        let state = match (self.stale, self.wanted) {
            (Some(reason), _) => PycState::Stale(reason),
            (None, true) => PycState::Unwritten,
            (None, false) => PycState::Fresh,
        };
        PycOutcome { path: self.outcome.path.clone(), level: self.outcome.level, state }
    }
}

/// Reads a pyc back before its source is deleted.
fn check_published(path: &Path, bytes: &[u8]) -> Result<(), String> {
    match fs::read(path) {
        Ok(found) if found == bytes => Ok(()),
        Ok(_) => {
            Err(format!("{}: what was read back is not what was written; the source stays", shown(path)))
        }
        Err(error) => {
            Err(format!("{}: cannot read it back: {}; the source stays", shown(path), reason(&error)))
        }
    }
}

/// Adds the diagnostics that are not there yet: each level says the same.
fn add_new(diagnostics: &mut Vec<Diagnostic>, more: &[Diagnostic]) {
    for diagnostic in more {
        if !diagnostics.contains(diagnostic) {
            diagnostics.push(diagnostic.clone());
        }
    }
}
