//! `--output-format json`: an object for each file on standard output, in a stable order, then a summary.
//!
//! Diagnostics are in the objects, so standard error stays empty. There are no times: equal runs say equal things.

use prepyc_engine::{Diagnostic, Severity as DiagnosticSeverity};
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::copy::{CopyOutcome, CopyState};
use super::super::outcome::{Failure, FileOutcome, PycOutcome, PycState};
use super::super::plan::CopyTask;
use super::{Counts, Lines, Style, located};
use crate::commands::discovery::{Problem, Severity, SourceFile};
use crate::commands::ordered::End;
use crate::commands::path_text;

/// A file.
#[derive(Serialize)]
struct File {
    path: Box<RawValue>,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pycs: Vec<Pyc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One of its pycs.
#[derive(Serialize)]
struct Pyc {
    path: Box<RawValue>,
    optimize: u8,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
}

/// A diagnostic, field by field.
#[derive(Serialize)]
struct Message {
    severity: &'static str,
    kind: String,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    text: String,
}

/// The last object.
#[derive(Serialize)]
struct Summary {
    summary: Totals,
}

#[derive(Serialize)]
struct Totals {
    compiled: u64,
    fresh: u64,
    stale: u64,
    failed: u64,
    copied: u64,
    deleted: u64,
    written_bytes: u64,
    interrupted: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Something that could not be looked at.
pub(super) fn problem(_: &Style, problem: &Problem) -> Lines {
    let status = match problem.severity {
        Severity::Failure => "failed",
        Severity::Warning => "ignored",
    };
    let mut file = bare(&problem.path, status);
    file.error = Some(problem.message.clone());
    line(&file)
}

/// A source is through.
pub(super) fn file(_: &Style, source: &SourceFile, outcome: &FileOutcome) -> Lines {
    let mut file = bare(&source.path, outcome.status().word());
    file.pycs = outcome.pycs.iter().map(pyc).collect();
    file.diagnostics =
        outcome.diagnostics.iter().map(|diagnostic| message(&located(diagnostic, source))).collect();
    file.error = match &outcome.failure {
        None => None,
        Some(Failure::Environment(message)) => Some(message.clone()),
        Some(Failure::Rejected) => {
            outcome.diagnostics.last().map(|error| format!("{}: {}", error.kind, error.message))
        }
    };
    line(&file)
}

/// A file has been copied, or not.
pub(super) fn copy(_: &Style, task: &CopyTask, outcome: &CopyOutcome) -> Lines {
    let status = match outcome {
        Ok(CopyState::Copied) => "copied",
        Ok(CopyState::Fresh) => "fresh",
        Err(_) => "failed",
    };
    let mut file = bare(&task.from, status);
    file.copy = Some(path(&task.to));
    file.error = outcome.as_ref().err().cloned();
    line(&file)
}

/// The summary.
pub(super) fn summary(counts: &Counts, warnings: Vec<String>, end: End) -> Lines {
    line(&Summary {
        summary: Totals {
            compiled: counts.compiled,
            fresh: counts.fresh,
            stale: counts.stale,
            failed: counts.failed,
            copied: counts.copied,
            deleted: counts.deleted,
            written_bytes: counts.written_bytes,
            interrupted: end == End::Interrupted,
            warnings,
        },
    })
}

fn bare(file: &std::path::Path, status: &'static str) -> File {
    File { path: path(file), status, pycs: Vec::new(), diagnostics: Vec::new(), copy: None, error: None }
}

fn pyc(pyc: &PycOutcome) -> Pyc {
    let (status, reason, size_bytes) = match pyc.state {
        PycState::Fresh => ("fresh", None, None),
        PycState::Stale(reason) => ("stale", Some(reason), None),
        PycState::Unwritten => ("unwritten", None, None),
        PycState::Written { size_bytes, reason } => ("written", reason, Some(size_bytes)),
    };
    Pyc {
        path: path(&pyc.path),
        optimize: pyc.level.level(),
        status,
        reason: reason.map(|reason| reason.to_string()),
        size_bytes,
    }
}

fn message(diagnostic: &Diagnostic) -> Message {
    Message {
        severity: match diagnostic.severity {
            DiagnosticSeverity::Error => "error",
            DiagnosticSeverity::Warning => "warning",
        },
        kind: diagnostic.kind.clone(),
        message: diagnostic.message.clone(),
        line: diagnostic.line,
        column: diagnostic.column,
        end_line: diagnostic.end_line,
        end_column: diagnostic.end_column,
        text: diagnostic.to_string(),
    }
}

fn path(path: &std::path::Path) -> Box<RawValue> {
    RawValue::from_string(path_text::json(path)).expect("path_text::json writes a JSON string")
}

fn line(object: &impl Serialize) -> Lines {
    let text = serde_json::to_string(object).expect("strings and numbers can be written");
    Lines { out: vec![text], err: Vec::new() }
}
