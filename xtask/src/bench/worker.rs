//! A file at a time, as a build system asks: `prepyc-worker` against an interpreter started for each file.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use prepyc_protocol::{Client, Plexing, Protocol, Reply, WorkRequest};

use super::figures::{Samples, Table, seconds};
use super::tree::Copies;
use super::{Arguments, Tools, quietly, text};

/// How many files an interpreter is started for in a round.
const SINGLE_FILES: usize = 30;
/// How many requests are in flight at a multiplex worker.
const IN_FLIGHT: usize = 8;

/// Measures the worker in each way Bazel speaks to it, and one cold process a file.
pub(super) fn measure(
    tools: &Tools,
    copies: &Copies,
    arguments: &Arguments,
    table: &mut Table,
) -> anyhow::Result<()> {
    // Where the tree was measured before, there is nothing left to do.
    quietly(&mut copies.prepyc(tools, &arguments.jobs.to_string()))?;
    let sources = accepted(tools, copies, arguments.requests)?;
    let out = tempfile::tempdir()?;
    let kinds = [
        ("JSON multiplex", Protocol::Json, Plexing::Multiplex),
        ("proto multiplex", Protocol::Proto, Plexing::Multiplex),
        ("JSON singleplex", Protocol::Json, Plexing::Singleplex),
    ];
    let (mut one_file, mut one_shot) = (Samples::default(), Samples::default());
    let mut persistent: [Samples; 3] = Default::default();
    for _ in 0..arguments.rounds {
        for source in sources.iter().take(SINGLE_FILES) {
            let pyc = out.path().join("single.pyc");
            one_file.measure(|| quietly(&mut py_compile(tools, source, &pyc)))?;
            one_shot.measure(|| {
                quietly(command(tools).args(work_arguments(source, &pyc, tools.oracle.version())?))
            })?;
        }
        for ((_, protocol, plexing), samples) in kinds.iter().zip(&mut persistent) {
            let client = Client::spawn(worker(tools), *protocol, *plexing)?;
            // The first answer is waited for: what is measured here is a worker that is up.
            let window = if *plexing == Plexing::Multiplex { IN_FLIGHT } else { 1 };
            send(&client, 1, &sources[..1], out.path(), tools)?;
            samples.measure(|| send(&client, window, &sources, out.path(), tools))?;
            client.close()?;
        }
    }
    table.add_seconds("one file, one cold process", one_file.median(), one_shot.median());
    measure_cold(tools, table)?;
    for ((name, ..), samples) in kinds.iter().zip(&persistent) {
        let rate = sources.len() as f64 / samples.median();
        table.add_rates(
            format!("files a second: process a file, {name} worker"),
            1.0 / one_file.median(),
            rate,
        );
    }
    Ok(())
}

/// How often a process is started for the same file.
const COLD_STARTS: usize = 40;

/// A process for one file, for a tiny file and for two that everybody knows: median and best.
fn measure_cold(tools: &Tools, table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (tiny, pyc) = (folder.path().join("tiny.py"), folder.path().join("out.pyc"));
    fs::write(&tiny, "x = 1\n")?;
    let library = tools.oracle.stdlib();
    for (name, source) in [
        ("a tiny file", tiny),
        ("functools", library.join("functools.py")),
        ("argparse", library.join("argparse.py")),
    ] {
        let (mut theirs, mut ours) = (Samples::default(), Samples::default());
        for _ in 0..COLD_STARTS {
            theirs.measure(|| quietly(&mut py_compile(tools, &source, &pyc)))?;
            let arguments = work_arguments(&source, &pyc, tools.oracle.version())?;
            ours.measure(|| quietly(command(tools).args(arguments)))?;
        }
        table.add_seconds(format!("{name}, one cold process"), theirs.median(), ours.median());
        let (theirs, ours) = (seconds(theirs.best()), seconds(ours.best()));
        table.add_note(format!(
            "{name}, one cold process: best {theirs} with py_compile, {ours} with prepyc-worker"
        ));
    }
    Ok(())
}

/// An interpreter that compiles one file.
fn py_compile(tools: &Tools, source: &Path, pyc: &Path) -> Command {
    let program = "import py_compile, sys; py_compile.compile(*sys.argv[1:], doraise=True)";
    let mut command = tools.oracle.command();
    command.args(["-W", "ignore", "-c", program]).arg(source).arg(pyc);
    command
}

/// Sources spread over the tree that compile: those with a pyc after the whole tree was compiled.
fn accepted(tools: &Tools, copies: &Copies, count: usize) -> anyhow::Result<Vec<PathBuf>> {
    let tag = tools.oracle.evaluate("import sys; print(sys.implementation.cache_tag)");
    let compiled: Vec<_> = copies
        .sources()
        .iter()
        .filter(|source| {
            let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            source.with_file_name(format!("__pycache__/{name}.{tag}.pyc")).exists()
        })
        .collect();
    let step = (compiled.len() / count.max(1)).max(1);
    let chosen: Vec<_> = compiled.into_iter().step_by(step).take(count).cloned().collect();
    if chosen.is_empty() {
        bail!("the tree was not compiled");
    }
    Ok(chosen)
}

fn command(tools: &Tools) -> Command {
    let mut command = Command::new(&tools.worker);
    command.arg("--python").arg(tools.oracle.executable());
    command
}

fn worker(tools: &Tools) -> Command {
    let mut command = command(tools);
    command.arg("--persistent_worker").stderr(Stdio::null());
    command
}

fn work_arguments(source: &Path, pyc: &Path, version: &str) -> anyhow::Result<Vec<String>> {
    let (source, pyc) = (text(source)?, text(pyc)?);
    let arguments = [
        "--invalidation_mode",
        "checked_hash",
        "--src",
        &source,
        "--src_name",
        &source,
        "--pyc",
        &pyc,
        "--optimize",
        "0",
        "--python_version",
        version,
    ];
    Ok(arguments.map(str::to_owned).to_vec())
}

/// Sends a request for each source, at most `window` of them unanswered at a time.
fn send(
    client: &Client,
    window: usize,
    sources: &[PathBuf],
    out: &Path,
    tools: &Tools,
) -> anyhow::Result<()> {
    let mut waiting: VecDeque<Reply> = VecDeque::new();
    for (index, source) in sources.iter().enumerate() {
        if waiting.len() == window {
            finish(waiting.pop_front().context("a request in flight")?)?;
        }
        let pyc = out.join(format!("{index}.pyc"));
        let arguments = work_arguments(source, &pyc, tools.oracle.version())?;
        waiting.push_back(client.submit(WorkRequest { arguments, ..WorkRequest::default() })?);
    }
    waiting.into_iter().try_for_each(finish)
}

fn finish(reply: Reply) -> anyhow::Result<()> {
    let response = reply.wait()?;
    if response.exit_code != 0 {
        bail!("the worker failed: {}", response.output);
    }
    Ok(())
}
