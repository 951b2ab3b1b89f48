//! `--output-format text`: diagnostics in CPython's own form, and a summary.

use std::time::Duration;

use super::super::copy::{CopyOutcome, CopyState};
use super::super::outcome::{Failure, FileOutcome, PycState};
use super::super::plan::CopyTask;
use super::super::settings::{Verbosity, Work};
use super::{Counts, Lines, Style, located, rejection, warnings};
use crate::commands::discovery::{Problem, Severity, SourceFile};
use crate::commands::ordered::End;
use crate::commands::path_text::shown;

/// Something that could not be looked at.
pub(super) fn problem(style: &Style, problem: &Problem) -> Lines {
    let word = match problem.severity {
        Severity::Warning => Some("warning"),
        Severity::Failure => style.failure_word(),
    };
    let line = word.map(|word| format!("{word}: {}", problem.message));
    Lines { err: line.into_iter().collect(), out: Vec::new() }
}

/// A source is through.
pub(super) fn file(style: &Style, source: &SourceFile, outcome: &FileOutcome) -> Lines {
    let mut lines = Lines::default();
    let word = style.failure_word();
    if outcome.failure.is_none() || word.is_some() {
        lines.err.extend(warnings(outcome).map(|warning| located(warning, source).to_string()));
    }
    match (&outcome.failure, word) {
        (Some(Failure::Rejected), Some(word)) => {
            if word == "warning" {
                lines.err.push(format!("warning: {}: not compiled", shown(&source.path)));
            }
            lines.err.extend(rejection(outcome).map(|error| located(error, source).to_string()));
        }
        (Some(Failure::Environment(message)), Some(word)) => lines.err.push(format!("{word}: {message}")),
        _ => {}
    }
    for pyc in &outcome.pycs {
        let path = shown(&pyc.path);
        match pyc.state {
            PycState::Written { .. } if style.verbosity >= Verbosity::Compiled => {
                lines.out.push(format!("compiled {} to {path}", shown(&source.path)));
            }
            PycState::Stale(reason) if style.work == Work::Check && style.verbosity > Verbosity::Quiet => {
                lines.out.push(format!("stale {}: {reason} ({path})", shown(&source.path)));
            }
            PycState::Fresh if style.verbosity >= Verbosity::All => {
                lines.out.push(format!("fresh {}: {path}", shown(&source.path)));
            }
            _ => {}
        }
    }
    lines
}

/// A file has been copied, or not.
pub(super) fn copy(style: &Style, task: &CopyTask, outcome: &CopyOutcome) -> Lines {
    let mut lines = Lines::default();
    match outcome {
        Ok(CopyState::Copied) if style.verbosity >= Verbosity::Compiled => {
            lines.out.push(format!("copied {} to {}", shown(&task.from), shown(&task.to)));
        }
        Ok(_) => {}
        Err(message) => lines.err.extend(style.failure_word().map(|word| format!("{word}: {message}"))),
    }
    lines
}

/// The summary; empty where it is not wanted.
pub(super) fn summary(
    style: &Style,
    counts: &Counts,
    warnings: &[String],
    end: End,
    time: Duration,
) -> Lines {
    let mut lines = Lines::default();
    lines.err.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    if style.verbosity == Verbosity::Quiet && end == End::Complete {
        return lines;
    }
    let mut parts = Vec::new();
    if style.work == Work::Check {
        parts.push(format!("{} stale", counts.stale));
    } else {
        parts.push(format!("{} compiled", counts.compiled));
    }
    parts.push(format!("{} fresh", counts.fresh));
    parts.push(format!("{} failed", counts.failed));
    if counts.copied > 0 {
        parts.push(format!("{} copied", counts.copied));
    }
    if counts.deleted > 0 {
        parts.push(format!("{} sources deleted", counts.deleted));
    }
    let done = parts.join(", ");
    let prefix = match end {
        End::Complete => "",
        End::Interrupted => "interrupted: ",
    };
    let written = match style.work {
        Work::Check => String::new(),
        Work::Stale | Work::Everything => format!("; {} bytes written", counts.written_bytes),
    };
    lines.out.push(format!("{prefix}{done}{written} in {:.2} s", time.as_secs_f64()));
    lines
}
