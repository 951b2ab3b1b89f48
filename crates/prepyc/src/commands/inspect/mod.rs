//! `prepyc inspect`: what is in a pyc, without an interpreter.

mod json;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ExitStatus;
use super::console::Console;
use super::pyc_file::{Body, PycFile};

/// What `prepyc inspect --help` says at its end.
const AFTER_HELP: &str = "\
Headers of CPython 3.8 to 3.15 are read, and code objects of 3.11 to 3.15. The text is stable: the same file gives the \
same text.

Exit codes: 0 shown; 2 not a pyc, or one that is damaged.";

/// Show what is in a pyc: header, code objects, instructions with their places
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The pyc
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// `json`: one object, with the code objects in a list, each before those among its constants
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a listing in the manner of `dis`
    Text,
    /// For programs
    Json,
}

/// Runs `prepyc inspect`.
///
/// # Errors
/// A file that is no pyc, or whose code objects cannot be read though their release is known.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let pyc = PycFile::read(&arguments.file)?;
    match arguments.format {
        Format::Json => console.out_line(&json::object(&pyc))?,
        Format::Text => console.out_bytes(text(&pyc).as_bytes())?,
    }
    Ok(ExitStatus::Done)
}

fn text(pyc: &PycFile) -> String {
    let header = pyc.header;
    match &pyc.body {
        Body::Program(program) => format!("{header}\n{program}"),
        Body::Opaque(why) => format!("{header}body          {} bytes: {why}\n", pyc.body_bytes.len()),
    }
}
