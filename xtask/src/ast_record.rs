//! `cargo xtask ast-record`: writes down what each interpreter's parser makes of `tests/syntax`, so that the tests there need
//! no Python. Only the interpreters are asked, never our own parser.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use crate::ast;
use crate::workspace;

/// What `cargo xtask ast-record` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The versions to ask; without it all of them.
    #[arg(long)]
    python: Vec<String>,
}

/// Asks, and writes `tests/syntax/recorded-3.x.txt`: a line of path and verdict for each file.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = workspace::root().join("tests/syntax");
    let mut files: Vec<PathBuf> = Vec::new();
    ast::list_files(&folder, &mut files)?;
    for version in ast::versions(&arguments.python)? {
        let answers = ast::ask_lines(version, &files, "digest")?;
        let mut text = String::new();
        for (file, answer) in files.iter().zip(answers.lines()) {
            writeln!(text, "{}\t{answer}", file.strip_prefix(&folder)?.display())?;
        }
        let recorded = folder.join(format!("recorded-{version}.txt"));
        fs::write(&recorded, text).with_context(|| recorded.display().to_string())?;
    }
    Ok(())
}
