//! `--output-format github`: workflow commands that become annotations, and the text summary.
//!
//! The form is `::error file=…,line=…,col=…::message`. In a message `%`, CR and LF are escaped, in a property `:` and `,` too
//! (GitHub: actions/toolkit, packages/core/src/command.ts).

use prepyc_engine::Diagnostic;

use super::super::copy::CopyOutcome;
use super::super::outcome::{Failure, FileOutcome, PycState};
use super::super::plan::CopyTask;
use super::super::settings::Work;
use super::{Lines, Style, rejection, warnings};
use crate::commands::discovery::{Problem, Severity, SourceFile};
use crate::commands::path_text::shown;

/// Something that could not be looked at.
pub(super) fn problem(style: &Style, problem: &Problem) -> Lines {
    let word = match problem.severity {
        Severity::Warning => Some("warning"),
        Severity::Failure => style.failure_word(),
    };
    of(word.map(|word| command(word, &[("file", shown(&problem.path))], &problem.message)))
}

/// A source is through.
pub(super) fn file(style: &Style, source: &SourceFile, outcome: &FileOutcome) -> Lines {
    let word = style.failure_word();
    let mut lines = Vec::new();
    if outcome.failure.is_none() || word.is_some() {
        lines.extend(warnings(outcome).map(|warning| annotation("warning", source, warning)));
    }
    match (&outcome.failure, word) {
        (Some(Failure::Rejected), Some(word)) => {
            lines.extend(rejection(outcome).map(|error| annotation(word, source, error)));
        }
        (Some(Failure::Environment(message)), Some(word)) => {
            lines.push(command(word, &[("file", shown(&source.path))], message));
        }
        _ => {}
    }
    if style.work == Work::Check {
        for pyc in &outcome.pycs {
            if let PycState::Stale(reason) = pyc.state {
                let message = format!("stale: {reason} ({})", shown(&pyc.path));
                lines.push(command("error", &[("file", shown(&source.path))], &message));
            }
        }
    }
    of(lines)
}

/// A file has been copied, or not.
pub(super) fn copy(style: &Style, task: &CopyTask, outcome: &CopyOutcome) -> Lines {
    let failed = outcome.as_ref().err().zip(style.failure_word());
    of(failed.map(|(message, word)| command(word, &[("file", shown(&task.from))], message)))
}

fn annotation(word: &str, source: &SourceFile, diagnostic: &Diagnostic) -> String {
    let mut properties = vec![("file", shown(&source.path))];
    let positions = [
        ("line", diagnostic.line),
        ("endLine", diagnostic.end_line),
        ("col", diagnostic.column),
        ("endColumn", diagnostic.end_column),
    ];
    let known = positions.into_iter().filter_map(|(name, position)| Some((name, position?.to_string())));
    properties.extend(known);
    properties.push(("title", diagnostic.kind.clone()));
    command(word, &properties, &diagnostic.message)
}

fn command(word: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape_property(value))).collect();
    format!("::{word} {}::{}", properties.join(","), escape_message(message))
}

fn escape_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}

fn of(lines: impl IntoIterator<Item = String>) -> Lines {
    Lines { out: lines.into_iter().collect(), err: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        let properties = [("file", "a,b:100%.py".to_owned()), ("line", "3".to_owned())];
        assert_eq!(
            command("error", &properties, "50% of\nit: a, b"),
            "::error file=a%2Cb%3A100%25.py,line=3::50%25 of%0Ait: a, b"
        );
    }
}
