//! What is said about a run: for people, for programs, for GitHub. Counts are kept here, words are chosen there.

mod github;
mod json;
mod text;

use std::time::Duration;

use prepyc_engine::{Diagnostic, Severity as DiagnosticSeverity};

use super::arguments::{OnErrorChoice, OutputFormat};
use super::copy::{CopyOutcome, CopyState};
use super::outcome::{Failure, FileOutcome, Status};
use super::plan::CopyTask;
use super::recorded_path::IgnoredPrefix;
use super::settings::{Settings, Verbosity, Work};
use crate::commands::console::Console;
use crate::commands::discovery::{Problem, Severity, SourceFile};
use crate::commands::ordered::End;
use crate::commands::path_text::shown;

/// What has been done so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Sources with a new pyc.
    pub(super) compiled: u64,
    /// Sources whose pycs were up to date.
    pub(super) fresh: u64,
    /// Sources with a stale pyc (`--check`).
    pub(super) stale: u64,
    /// Sources, folders and copies that failed.
    pub(super) failed: u64,
    /// Files copied.
    pub(super) copied: u64,
    /// Sources deleted.
    pub(super) deleted: u64,
    /// Bytes of pycs written.
    pub(super) written_bytes: u64,
}

/// The lines one event leads to.
#[derive(Debug, Default)]
struct Lines {
    /// For standard output.
    out: Vec<String>,
    /// For standard error.
    err: Vec<String>,
}

/// Reports a run as it goes.
#[derive(Debug)]
pub(super) struct Reporter {
    style: Style,
    counts: Counts,
    /// The first source on which a prefix had no effect, and how many there are: strip, prepend.
    ignored: [Option<(String, u64)>; 2],
}

/// How a run is reported.
#[derive(Debug, Clone, Copy)]
struct Style {
    format: OutputFormat,
    verbosity: Verbosity,
    on_error: OnErrorChoice,
    work: Work,
}

impl Reporter {
    /// A reporter as the settings want it.
    pub(super) fn new(settings: &Settings) -> Reporter {
        let style = Style {
            format: settings.output_format,
            verbosity: settings.verbosity,
            on_error: settings.on_error,
            work: settings.work,
        };
        Reporter { style, counts: Counts::default(), ignored: [None, None] }
    }

    /// What has been done so far.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Something that could not be looked at.
    pub(super) fn problem(&mut self, console: &Console, problem: &Problem) -> anyhow::Result<()> {
        if problem.severity == Severity::Failure {
            self.counts.failed += 1;
        }
        let lines = match self.style.format {
            OutputFormat::Text => text::problem(&self.style, problem),
            OutputFormat::Json => json::problem(&self.style, problem),
            OutputFormat::Github => github::problem(&self.style, problem),
        };
        lines.write(console)
    }

    /// A source is through.
    pub(super) fn file(
        &mut self,
        console: &Console,
        source: &SourceFile,
        outcome: &FileOutcome,
    ) -> anyhow::Result<()> {
        match outcome.status() {
            Status::Compiled => self.counts.compiled += 1,
            Status::Fresh => self.counts.fresh += 1,
            Status::Stale => self.counts.stale += 1,
            Status::Failed => self.counts.failed += 1,
        }
        self.counts.written_bytes += outcome.written_bytes();
        if let Some(ignored) = outcome.ignored_prefix {
            let slot = &mut self.ignored[ignored as usize];
            slot.get_or_insert_with(|| (shown(&source.path), 0)).1 += 1;
        }
        let lines = match self.style.format {
            OutputFormat::Text => text::file(&self.style, source, outcome),
            OutputFormat::Json => json::file(&self.style, source, outcome),
            OutputFormat::Github => github::file(&self.style, source, outcome),
        };
        lines.write(console)
    }

    /// A file has been copied, or not.
    pub(super) fn copy(
        &mut self,
        console: &Console,
        task: &CopyTask,
        outcome: &CopyOutcome,
    ) -> anyhow::Result<()> {
        match outcome {
            Ok(CopyState::Copied) => self.counts.copied += 1,
            Ok(CopyState::Fresh) => {}
            Err(_) => self.counts.failed += 1,
        }
        let lines = match self.style.format {
            OutputFormat::Text => text::copy(&self.style, task, outcome),
            OutputFormat::Json => json::copy(&self.style, task, outcome),
            OutputFormat::Github => github::copy(&self.style, task, outcome),
        };
        lines.write(console)
    }

    /// A source has been deleted, or could not be.
    pub(super) fn deletion(
        &mut self,
        console: &Console,
        source: &SourceFile,
        result: Result<(), String>,
    ) -> anyhow::Result<()> {
        match result {
            Ok(()) => {
                self.counts.deleted += 1;
                Ok(())
            }
            Err(message) => {
                let problem = Problem { path: source.path.clone(), message, severity: Severity::Failure };
                self.problem(console, &problem)
            }
        }
    }

    /// The last words.
    pub(super) fn finish(&self, console: &Console, end: End, time: Duration) -> anyhow::Result<()> {
        let ignored = self.ignored_prefixes();
        let lines = match self.style.format {
            OutputFormat::Json => json::summary(&self.counts, ignored, end),
            OutputFormat::Text | OutputFormat::Github => {
                text::summary(&self.style, &self.counts, &ignored, end, time)
            }
        };
        lines.write(console)
    }

    /// A line for each prefix option that had no effect on some source.
    fn ignored_prefixes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let kinds = [
            (IgnoredPrefix::Strip, "--strip-prefix is not where the path begins"),
            (
                IgnoredPrefix::Prepend,
                "--prepend-prefix has no effect on an absolute path; give --strip-prefix too",
            ),
        ];
        for (kind, what) in kinds {
            if let Some((first, count)) = &self.ignored[kind as usize] {
                let more = if *count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                lines.push(format!("{first}{more}: {what}; recorded without it"));
            }
        }
        lines
    }
}

impl Lines {
    fn write(self, console: &Console) -> anyhow::Result<()> {
        for line in self.err {
            console.err_line(&line);
        }
        for line in self.out {
            console.out_line(&line)?;
        }
        Ok(())
    }
}

impl Style {
    /// The word that a failure begins with; `None` where it is only counted.
    fn failure_word(&self) -> Option<&'static str> {
        match self.on_error {
            OnErrorChoice::Fail => Some("error"),
            OnErrorChoice::Warn => Some("warning"),
            OnErrorChoice::Skip => None,
        }
    }
}

/// A diagnostic about the file where it stands, whatever path is recorded in its pyc.
fn located(diagnostic: &Diagnostic, source: &SourceFile) -> Diagnostic {
    let mut located = diagnostic.clone();
    located.filename = shown(&source.path);
    located.rendered = diagnostic.rendered.as_ref().map(|text| {
        let recorded = format!("File \"{}\"", diagnostic.filename);
        text.replacen(&recorded, &format!("File \"{}\"", located.filename), 1)
    });
    located
}

/// The error among the diagnostics, where the file was rejected.
fn rejection(outcome: &FileOutcome) -> Option<&Diagnostic> {
    let last = outcome.diagnostics.last()?;
    (matches!(outcome.failure, Some(Failure::Rejected)) && last.severity == DiagnosticSeverity::Error)
        .then_some(last)
}

/// The warnings among the diagnostics.
fn warnings(outcome: &FileOutcome) -> impl Iterator<Item = &Diagnostic> {
    outcome.diagnostics.iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Warning)
}
