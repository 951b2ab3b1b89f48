//! `prepyc report`: a binary is built, its files are counted and its imports are timed.

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use prepyc_build::analysis::{Analysis, Asked, Interpreter, PythonTarget};
use prepyc_build::report::{ImportMeasurement, Report, measure_imports, shipped_files};
use prepyc_build::{Contents, launcher, runfiles_tree};
use prepyc_plan::{Flag, Given, PrecompileFlag};

use super::execution::any_interpreter;
use super::options::{BuildOptions, ReportFormat};
use super::outcome;
use super::running::program;
use super::session::{Session, interpreter_on_path};
use crate::commands::ExitStatus;
use crate::commands::console::Console;
use crate::commands::interrupt::Interrupt;

/// How long one process may take for its imports.
const IMPORT_LIMIT: Duration = Duration::from_secs(120);

/// What is to be reported, and where.
pub(super) struct Wish {
    /// In which form.
    pub(super) format: ReportFormat,
    /// The file; without one, standard output.
    pub(super) output: Option<PathBuf>,
    /// How often the imports are timed; `None` where they are not.
    pub(super) rounds: Option<NonZeroUsize>,
}

/// The options of a report: a binary without pycs has nothing to report, so they are made where nobody said otherwise.
pub(super) fn with_pycs(mut options: BuildOptions) -> BuildOptions {
    if options.flags.precompile.value == PrecompileFlag::Auto {
        options.flags.precompile = Flag { value: PrecompileFlag::Enabled, given: Given::CommandLine };
    }
    options
}

/// Builds a program and reports on it.
///
/// # Errors
/// The program cannot be built or counted, or the report cannot be written. That imports cannot be timed is a warning.
pub(super) fn report(
    session: &Session,
    analysis: &Analysis,
    asked: &Asked,
    wish: &Wish,
    console: &mut Console,
) -> anyhow::Result<ExitStatus> {
    let target = program(analysis, asked)?;
    let interrupt = Interrupt::install()?;
    let finished = session.execute(analysis, &interrupt, console)?;
    outcome::tell_messages(&finished.built, console);
    if let Some(status) = interrupt.status() {
        return Ok(status);
    }
    if !finished.built.is_success() {
        outcome::summarize(&finished.built, session.started.elapsed(), console)?;
        return Ok(ExitStatus::Failed);
    }
    let contents = Contents::new(analysis, &finished.outputs, &finished.built.failed);
    let content = contents.program(target).context("a program has contents")?;
    let tree = runfiles_tree(target, &content)?;
    let files = shipped_files(&tree, &content);
    let mut report = Report::new(&target.label.label.to_string(), &files)?;
    if let Some(rounds) = wish.rounds {
        let times = interpreter_of(target).and_then(|interpreter| {
            let launcher = launcher(target, &content, &tree, &interpreter);
            let measurement = ImportMeasurement {
                files: &files,
                launcher: &launcher,
                rounds: rounds.get(),
                time_limit: IMPORT_LIMIT,
            };
            Ok(measure_imports(&measurement)?)
        });
        match times {
            Ok(times) => report.import_times = Some(times),
            Err(error) => console.err_line(&format!("warning: imports are not timed: {error:#}")),
        }
    }
    let text = match wish.format {
        ReportFormat::Text => report.text(),
        ReportFormat::Json => report.json(),
        ReportFormat::Html => report.html(),
    };
    match &wish.output {
        None => console.out_bytes(text.as_bytes())?,
        Some(path) => {
            write_whole(path, text.as_bytes()).with_context(|| path.display().to_string())?;
            console.out_line(&path.display().to_string())?;
        }
    }
    Ok(interrupt.status().unwrap_or(ExitStatus::Done))
}

/// What runs the program where its toolchain leaves that open. Another version would not take the pycs.
fn interpreter_of(target: &PythonTarget) -> anyhow::Result<PathBuf> {
    let python = target.program.as_ref().map(|program| &program.python);
    match python.and_then(|python| python.version.filter(|_| python.interpreter == Interpreter::Found)) {
        None => Ok(any_interpreter()),
        Some(version) => interpreter_on_path(Some(version))
            .with_context(|| format!("there is no python{version} on PATH; name one with --python EXE")),
    }
}

/// Writes a file so that nobody finds half of it. What is no regular file, such as a pipe, is written to.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Ok(fs::write(path, bytes)?);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        anyhow::bail!("there is no such folder");
    }
    let readable = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
