//! What a build says: diagnostics and warnings on standard error, results and the summary on standard output.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use prepyc_build::{Built, Message, Severity};
use prepyc_plan::Label;

use crate::commands::console::Console;

/// So many targets' outputs are listed; of more, the summary has to do.
const LISTED_TARGETS: usize = 10;
/// Of one kind of warning so many are told; the rest are counted.
const TOLD_WARNINGS: usize = 20;

/// Tells what was said of sources and targets.
pub(super) fn tell_messages(built: &Built, console: &Console) {
    // What keeps one source from being compiled often keeps all: no interpreter, no room.
    let mut failures: BTreeMap<&str, (&Label, usize)> = BTreeMap::new();
    for Message { source, severity, text } in &built.messages {
        match severity {
            Severity::Warning => console.err_line(text),
            Severity::Tolerated => {
                console.err_line(text);
                console.err_line(&format!("warning: {source} does not compile; the source ships"));
            }
            Severity::Rejected => {
                console.err_line(text);
                console.err_line(&format!("error: {source} does not compile"));
            }
            Severity::Failed => match failures.entry(text) {
                Entry::Occupied(mut told) => told.get_mut().1 += 1,
                Entry::Vacant(first) => {
                    console.err_line(&format!("error: {source}: {text}"));
                    first.insert((source, 0));
                }
            },
        }
    }
    for (first, more) in failures.values().filter(|(_, more)| *more > 0) {
        console.err_line(&format!("error: {first}: and {more} more with the same error"));
    }
    tell_warnings(&built.warnings, console);
}

/// Warnings in order, each once; of many the first.
pub(super) fn tell_warnings(warnings: &[String], console: &Console) {
    for warning in warnings.iter().take(TOLD_WARNINGS) {
        console.err_line(&format!("warning: {warning}"));
    }
    if warnings.len() > TOLD_WARNINGS {
        console.err_line(&format!("warning: and {} more of these", warnings.len() - TOLD_WARNINGS));
    }
}

/// Targets and what was made for them, where they are few.
pub(super) fn list_outputs(outputs: &BTreeMap<Label, Vec<String>>, console: &Console) -> anyhow::Result<()> {
    if outputs.len() > LISTED_TARGETS {
        return Ok(());
    }
    for (label, paths) in outputs {
        console.out_line(&label.to_string())?;
        for path in paths {
            console.out_line(&format!("  {path}"))?;
        }
    }
    Ok(())
}

/// The last line: how many pycs came from where.
pub(super) fn summarize(built: &Built, took: Duration, console: &Console) -> anyhow::Result<()> {
    let counts = &built.counts;
    let mut parts = vec![
        format!("{} compiled", counts.ran),
        format!("{} from the cache", counts.from_cache),
        format!("{} up to date", counts.up_to_date),
        format!("{} failed", counts.failed),
    ];
    if counts.tolerated > 0 {
        parts.push(format!("{} kept as sources", counts.tolerated));
    }
    if counts.cancelled > 0 {
        parts.push(format!("{} not run", counts.cancelled));
    }
    let pycs = match counts.total() {
        1 => "1 pyc".to_owned(),
        total => format!("{total} pycs"),
    };
    console.out_line(&format!("{pycs}: {}; {:.2} s", parts.join(", "), took.as_secs_f64()))
}
