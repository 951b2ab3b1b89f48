//! `prepyc build`, `run`, `test`, `zip`, `explain` and `report`, each from its options to its exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use prepyc_build::analysis::{Analysis, Asked, PythonTarget, Timeout};
use prepyc_build::explain::explain;
use prepyc_build::testing::{Test, TestResult, TestRun, Verdict, run_tests};
use prepyc_build::zip::{Compression, Zip, ZipMode, write_zip};
use prepyc_build::{Contents, OUTPUT_FOLDER, launcher, repository_mapping, runfiles_tree};
use prepyc_execution::CancelToken;
use prepyc_loading::Loader;

use super::asked;
use super::execution::{Finished, until_interrupted};
use super::options::{ExplainFormat, Invocation, Request, TestOutput, Verbosity};
use super::outcome;
use super::patterns::Pattern;
use super::reporting::{Wish, report, with_pycs};
use super::session::Session;
use crate::commands::ExitStatus;
use crate::commands::console::Console;
use crate::commands::interrupt::Interrupt;

/// Does what a command line asks for.
pub(crate) fn run(invocation: Invocation, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let Invocation { request, options } = invocation;
    let session = Session::open(match request {
        Request::Report { .. } => with_pycs(options),
        _ => options,
    })?;
    if session.options.console.verbosity == Verbosity::Verbose {
        for flag in &session.options.ignored {
            console.err_line(&format!("{}: {} means nothing here", flag.origin, flag.value));
        }
    }
    match request {
        Request::Build { patterns } => {
            let analysis = session.analyze_patterns(&patterns)?;
            let (status, _) = build(&session, &analysis, console)?;
            Ok(or_unusable(status, &analysis))
        }
        Request::Run { target, arguments } => {
            let (analysis, asked) = session.single(&target)?;
            run_program(&session, &analysis, &asked, arguments, console)
        }
        Request::Test { patterns } => {
            let analysis = session.analyze_patterns(&patterns)?;
            let status = test(&session, &analysis, console)?;
            Ok(or_unusable(status, &analysis))
        }
        Request::Explain { patterns, format } => {
            let analysis = session.analyze_patterns(&patterns)?;
            let explanations = explain(&analysis);
            match format {
                ExplainFormat::Json => console.out_line(&serde_json::to_string_pretty(&explanations)?)?,
                ExplainFormat::Text => {
                    for (index, explanation) in explanations.iter().enumerate() {
                        if index > 0 {
                            console.out_line("")?;
                        }
                        console.out_bytes(explanation.to_string().as_bytes())?;
                    }
                }
            }
            tell_skipped(&analysis, console);
            Ok(or_unusable(ExitStatus::Done, &analysis))
        }
        Request::Zip { target, output } => {
            let (analysis, asked) = session.single(&target)?;
            zip(&session, &analysis, &asked, output, console)
        }
        Request::Report { target, format, output, rounds } => {
            let (analysis, asked) = session.single(&target)?;
            report(&session, &analysis, &asked, &Wish { format, output, rounds }, console)
        }
    }
}

impl Session {
    /// Analyses the one target that a pattern names.
    fn single(&self, pattern: &Pattern) -> anyhow::Result<(Analysis, Asked)> {
        let asked = asked::single(&self.loader, pattern)?;
        Ok((self.analyze(std::slice::from_ref(&asked))?, asked))
    }
}

/// Builds, tells what was said, and lists what was made.
fn build(
    session: &Session,
    analysis: &Analysis,
    console: &mut Console,
) -> anyhow::Result<(ExitStatus, Option<Finished>)> {
    tell_printed(&session.loader, analysis, console);
    tell_skipped(analysis, console);
    let interrupt = Interrupt::install()?;
    let finished = session.execute(analysis, &interrupt, console)?;
    outcome::tell_messages(&finished.built, console);
    if let Some(status) = interrupt.status() {
        console.err_line("interrupted");
        return Ok((status, None));
    }
    let took = session.started.elapsed();
    if !finished.built.is_success() {
        outcome::summarize(&finished.built, took, console)?;
        return Ok((ExitStatus::Failed, None));
    }
    let contents = Contents::new(analysis, &finished.outputs, &finished.built.failed);
    let mut listed = BTreeMap::new();
    for label in &analysis.requested {
        let paths = contents.default_outputs(&analysis.targets[label]);
        let paths = paths.iter().map(|path| format!("{OUTPUT_FOLDER}/{}", path.display())).collect();
        listed.insert(label.label.clone(), paths);
    }
    outcome::list_outputs(&listed, console)?;
    outcome::summarize(&finished.built, took, console)?;
    drop(contents);
    Ok((ExitStatus::Done, Some(finished)))
}

/// What `print()` said in BUILD and .bzl files.
fn tell_printed(loader: &Loader, analysis: &Analysis, console: &Console) {
    let mut packages: Vec<_> =
        analysis.targets.keys().map(|label| prepyc_loading::PackageId::of(&label.label)).collect();
    packages.sort();
    packages.dedup();
    for package in packages.iter().filter_map(|id| loader.package(id).ok()) {
        for message in &package.messages {
            console.err_line(&format!("{}: {}", message.location, message.text));
        }
    }
}

fn tell_skipped(analysis: &Analysis, console: &Console) {
    for error in &analysis.errors {
        console.err_line(&format!("error: {error}"));
    }
    let texts: Vec<String> = analysis
        .skipped
        .iter()
        .map(|skipped| format!("{} is left out: {}", skipped.label, skipped.reason))
        .collect();
    outcome::tell_warnings(&texts, console);
}

/// How a command ends that went on after errors in BUILD files.
fn or_unusable(status: ExitStatus, analysis: &Analysis) -> ExitStatus {
    match status {
        ExitStatus::Done | ExitStatus::Failed if !analysis.errors.is_empty() => ExitStatus::Unusable,
        status => status,
    }
}

/// The one program that was asked for.
pub(super) fn program<'a>(analysis: &'a Analysis, asked: &Asked) -> anyhow::Result<&'a PythonTarget> {
    let [label] = &analysis.requested[..] else { bail!("{} names no program", asked.label) };
    let target = &analysis.targets[label];
    match target.program {
        Some(_) => Ok(target),
        None => bail!("{}: {} is a {}, which cannot be run", target.location, asked.label, target.rule),
    }
}

fn run_program(
    session: &Session,
    analysis: &Analysis,
    asked: &Asked,
    arguments: Vec<OsString>,
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
        return Ok(ExitStatus::Failed);
    }
    let executable = finished.outputs.base().join(finished.outputs.program(&target.label));
    drop(finished);
    let own = target.program.iter().flat_map(|program| &program.args).map(OsString::from);
    let mut command = Command::new(&executable);
    command.args(own).args(arguments);
    command.env("BUILD_WORKSPACE_DIRECTORY", session.loader.workspace().root());
    let here = session.loader.workspace().root().join(&session.options.workspace.here);
    command.env("BUILD_WORKING_DIRECTORY", &here).current_dir(&here);
    console.finish()?;
    // The program takes this process's place: its signals and its exit code need no passing on.
    let error = command.exec();
    Err(error).with_context(|| format!("{}: cannot be started", executable.display()))
}

/// Writes a program as one file that runs.
fn zip(
    session: &Session,
    analysis: &Analysis,
    asked: &Asked,
    output: Option<PathBuf>,
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
    let path = match output {
        Some(path) => std::path::absolute(&path).with_context(|| path.display().to_string())?,
        None => {
            let mut path =
                finished.outputs.base().join(finished.outputs.program(&target.label)).into_os_string();
            path.push(".zip");
            path.into()
        }
    };
    let launcher = launcher(target, &content, &tree, Path::new("/usr/bin/python3"));
    let zip = Zip {
        tree: &tree,
        mapping: &repository_mapping(&tree),
        launcher: &launcher,
        mode: ZipMode::Unpack,
        compression: Compression::Deflated,
    };
    write_zip(&zip, &path)?;
    console.out_line(&path.display().to_string())?;
    Ok(ExitStatus::Done)
}

fn test(session: &Session, analysis: &Analysis, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let (status, finished) = build(session, analysis, console)?;
    let Some(finished) = finished else { return Ok(status) };
    let tests = tests(session, analysis, &finished);
    if tests.is_empty() {
        bail!("there are no tests among the targets");
    }
    let jobs = session.options.execution.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        std::num::NonZeroUsize::get,
    );
    let run = TestRun { jobs, filter: session.options.test.filter.clone() };
    let interrupt = Interrupt::install()?;
    let cancel = CancelToken::new();
    let results = until_interrupted(&interrupt, &cancel, || run_tests(&tests, &run, &cancel, &|_| {}));
    for result in &results {
        tell_result(session, &tests[result.test], result, console)?;
    }
    let passed = results.iter().filter(|result| result.verdict.is_success()).count();
    console.out_line(&format!("{passed} of {} tests passed", results.len()))?;
    if let Some(status) = interrupt.status() {
        return Ok(status);
    }
    Ok(if passed == results.len() { ExitStatus::Done } else { ExitStatus::Failed })
}

/// The tests among what was asked for, ready to be run.
fn tests(session: &Session, analysis: &Analysis, finished: &Finished) -> Vec<Test> {
    let options = &session.options.test;
    let base = finished.outputs.base();
    let mut tests = Vec::new();
    for label in &analysis.requested {
        let target = &analysis.targets[label];
        let Some(program) = &target.program else { continue };
        let Some(settings) = program.test else { continue };
        if !options.tag_filters.takes(target.tags.iter().map(String::as_str)) {
            continue;
        }
        let limit = match settings.timeout {
            Timeout::Short => options.timeouts.short,
            Timeout::Moderate => options.timeouts.moderate,
            Timeout::Long => options.timeouts.long,
            Timeout::Eternal => options.timeouts.eternal,
        };
        let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
        let inherited = program.env_inherit.iter().map(|name| (name, None));
        let given = options.environment.iter().map(|(name, value)| (name, value.clone()));
        let own = program.env.iter().map(|(name, value)| (name, Some(value.clone())));
        for (name, value) in inherited.chain(given).chain(own) {
            if let Some(value) = value.map(OsString::from).or_else(|| std::env::var_os(name)) {
                environment.insert(name.into(), value);
            }
        }
        let executable = base.join(finished.outputs.program(label));
        let mut runfiles = executable.clone().into_os_string();
        runfiles.push(".runfiles");
        let arguments = program.args.iter().chain(&options.arguments).map(OsString::from).collect();
        let log_folder = base.join("testlogs").join(label.label.package()).join(label.label.name());
        tests.push(Test {
            label: label.label.clone(),
            program: executable,
            runfiles: runfiles.into(),
            arguments,
            environment,
            settings,
            timeout_seconds: limit.map_or(settings.timeout.seconds(), |limit| limit.as_secs()),
            log_folder,
        });
    }
    tests
}

/// One line for a test, and its log where it is wanted.
fn tell_result(session: &Session, test: &Test, result: &TestResult, console: &Console) -> anyhow::Result<()> {
    let detail = match &result.verdict {
        Verdict::Passed | Verdict::Cancelled => String::new(),
        Verdict::Flaky(attempts) => format!(" ({attempts} attempts)"),
        Verdict::Failed(code) => format!(" (exit code {code})"),
        Verdict::Killed(signal) => format!(" (signal {signal})"),
        Verdict::TimedOut => format!(" (after {} s)", test.timeout_seconds),
        Verdict::NotStarted(why) => format!(" ({why})"),
    };
    let word = result.verdict.word();
    console.out_line(&format!("{} {word}{detail} in {:.1} s", test.label, result.duration.as_secs_f64()))?;
    let shows_log = match session.options.test.output {
        TestOutput::Summary => false,
        TestOutput::Errors => !result.verdict.is_success(),
        TestOutput::All => true,
    };
    if shows_log {
        show_log(&result.log, console)?;
    } else if !result.verdict.is_success() {
        console.out_line(&format!("  {}", result.log.display()))?;
    }
    Ok(())
}

fn show_log(log: &Path, console: &Console) -> anyhow::Result<()> {
    match fs::read(log) {
        Ok(text) => console.out_bytes(&text),
        // A test that was not started has none.
        Err(_) => Ok(()),
    }
}
