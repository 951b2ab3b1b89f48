//! `prepyc diff`: where two pycs differ, by their meaning and not by their bytes.

use std::path::PathBuf;

use clap::Args;
use prepyc_bytecode::diff::first_differences;

use super::ExitStatus;
use super::console::Console;
use super::pyc_file::{Body, PycFile};

/// What `prepyc diff --help` says at its end.
const AFTER_HELP: &str = "\
Each line is `what: left | right`. Of each code object the first differing field is shown. Two pycs whose bytes differ \
may be equal here: marshal can say the same in several ways.

Exit codes: 0 equal; 1 different; 2 not a pyc, or one that is damaged.";

/// Show where two pycs differ
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The left pyc
    #[arg(value_name = "A")]
    left: PathBuf,

    /// The right pyc
    #[arg(value_name = "B")]
    right: PathBuf,

    /// Compare the code objects only: not how Python tells that they are stale
    #[arg(long)]
    ignore_header: bool,

    /// Say nothing; the exit code tells
    #[arg(short, long)]
    quiet: bool,
}

/// Runs `prepyc diff`.
///
/// # Errors
/// A file that is no pyc, or whose code objects cannot be read though their release is known.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let (left, right) = (PycFile::read(&arguments.left)?, PycFile::read(&arguments.right)?);
    let mut lines = Vec::new();
    if !arguments.ignore_header {
        lines.extend(header_lines(&left, &right));
    }
    lines.extend(body_lines(&left, &right));
    if !arguments.quiet {
        for line in &lines {
            console.out_line(line)?;
        }
    }
    Ok(if lines.is_empty() { ExitStatus::Done } else { ExitStatus::Failed })
}

fn header_lines(left: &PycFile, right: &PycFile) -> Vec<String> {
    let (left, right) = (left.header.to_string(), right.header.to_string());
    let pairs = left.lines().zip(right.lines()).filter(|(left, right)| left != right);
    let to_line = |(left, right): (&str, &str)| {
        let (name, left) = left.split_once(' ').unwrap_or((left, ""));
        let right = right.split_once(' ').map_or("", |(_, right)| right);
        format!("{name}: {} | {}", left.trim(), right.trim())
    };
    pairs.map(to_line).collect()
}

fn body_lines(left: &PycFile, right: &PycFile) -> Vec<String> {
    match (&left.body, &right.body) {
        (Body::Program(left), Body::Program(right)) => {
            first_differences(left, right).iter().map(ToString::to_string).collect()
        }
        _ if left.body_bytes == right.body_bytes => Vec::new(),
        (Body::Opaque(why), _) | (_, Body::Opaque(why)) => {
            let (left, right) = (left.body_bytes.len(), right.body_bytes.len());
            vec![format!("body: {left} bytes | {right} other bytes ({why})")]
        }
    }
}
