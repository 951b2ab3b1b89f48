//! `cargo xtask bench`: how fast prepyc is beside what people use today, on this machine, in one run.
//!
//! What is compared runs in turns, so that a noisy machine disturbs both; of each the median counts. These are
//! figures to read, not marks to pass.

mod build;
mod compile;
mod figures;
mod machine;
mod marshal;
mod parser;
mod tree;
mod worker;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use prepyc_testing::Oracle;

use crate::workspace;
use figures::Table;

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The version of the interpreter that compiles, as `cargo xtask oracles` installed it.
    #[arg(long, default_value = "3.13")]
    python: String,
    /// The tree to compile; without it the interpreter's standard library and the pinned wheels.
    #[arg(long)]
    tree: Option<PathBuf>,
    /// How many times each thing is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The jobs of both compileall and prepyc.
    #[arg(short, long, default_value_t = 2)]
    jobs: usize,
    /// How many requests a persistent worker is sent.
    #[arg(long, default_value_t = 400)]
    requests: usize,
    /// The only thing to measure; without it all of them.
    #[arg(long, value_enum)]
    only: Option<Subject>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    /// `prepyc compile` of a whole tree.
    Tree,
    /// `prepyc-worker`, a file at a time.
    Worker,
    /// `prepyc build` of a workspace of a thousand targets.
    Build,
    /// Reading and writing marshal.
    Marshal,
    /// Bytes to a syntax tree.
    Parser,
    /// Bytes to marshal bytes.
    Compiler,
}

/// What is measured with: an interpreter and the release build of both binaries.
struct Tools {
    oracle: Oracle,
    prepyc: PathBuf,
    worker: PathBuf,
}

/// Measures and prints the table.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(oracle) = Oracle::find(&arguments.python) else {
        bail!("no CPython {}; run cargo xtask oracles", arguments.python);
    };
    let wanted = |subject| arguments.only.is_none_or(|only| only == subject);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", machine::facts())?;
    let mut table = Table::default();
    if !matches!(arguments.only, Some(Subject::Parser | Subject::Compiler)) {
        let built = workspace::build_release()?;
        let oracle = oracle.clone();
        let tools = Tools { oracle, prepyc: built.join("prepyc"), worker: built.join("prepyc-worker") };
        let trees = tree::Copies::new(&tools.oracle, arguments.tree.as_deref())?;
        let python = tools.oracle.evaluate("import sys; print(sys.version.split()[0])");
        writeln!(out, "CPython {python}; {trees}; medians of {} rounds", arguments.rounds)?;
        if wanted(Subject::Tree) {
            tree::measure(&tools, &trees, arguments, &mut table)?;
        }
        if wanted(Subject::Worker) {
            worker::measure(&tools, &trees, arguments, &mut table)?;
        }
        if wanted(Subject::Build) {
            build::measure(&tools, arguments, &mut table)?;
        }
        if wanted(Subject::Marshal) {
            marshal::measure(&tools, &trees, arguments, &mut table)?;
        }
    }
    if wanted(Subject::Parser) {
        parser::measure(&arguments.python, &mut table)?;
    }
    if wanted(Subject::Compiler) {
        compile::measure(&oracle, arguments, &mut table)?;
    }
    write!(out, "{table}")?;
    Ok(())
}

/// Runs a command whose output nobody reads.
fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot run {}", workspace::name(command)))?;
    match status.code() {
        Some(0 | 1) => Ok(()), // 1: some source of the tree is broken, as some of CPython's tests are on purpose
        _ => bail!("{} failed: {status}", workspace::name(command)),
    }
}

/// The numbers that a command prints, with spaces between them.
fn figures<const COUNT: usize>(command: &mut Command) -> anyhow::Result<[f64; COUNT]> {
    let output = command.output().with_context(|| format!("cannot run {}", workspace::name(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", workspace::name(command), String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let words = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>();
    words.ok().and_then(|words| words.try_into().ok()).with_context(|| format!("not {COUNT} figures: {text}"))
}

/// The path as text, for arguments of a work request.
fn text(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}
