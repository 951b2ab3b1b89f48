//! `cargo xtask ci`: everything a change has to pass, in the order that finds the cheap faults first.
//!
//! The last line on stdout is the verdict: `N passed, N failed, N skipped`. With `CI=true` a skip fails the run.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use crate::{corpus, oracles, tidy, workspace};

/// What `cargo xtask ci` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// Runs all steps; the first that fails ends the run.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    step("format", || workspace::run(cargo().args(["fmt", "--all", "--check"])))?;
    step("lints", || {
        workspace::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    step("house rules", tidy::run)?;
    step("documentation", || {
        let mut doc = cargo();
        doc.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
        workspace::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    install("interpreters", || oracles::run(&oracles::Arguments::default()))?;
    install("corpus", || corpus::run(&corpus::Arguments {}))?;
    let mut tally = Tally::default();
    step("tests", || {
        tally = run_tests()?;
        Ok(())
    })?;
    let Tally { passed, failed, skipped } = tally;
    writeln!(io::stdout().lock(), "{passed} passed, {failed} failed, {skipped} skipped")?;
    if failed > 0 || passed == 0 || (skipped > 0 && prepyc_testing::running_in_ci()) {
        bail!("the tests did not all pass");
    }
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "== {name}")?;
    let start = Instant::now();
    work().with_context(|| format!("step `{name}` failed"))?;
    writeln!(io::stdout().lock(), "== {name}: {:.1} s", start.elapsed().as_secs_f64())?;
    Ok(())
}

/// A step that puts something in place for the tests: on a machine where it can't, they say what they skip,
/// but in continuous integration it has to work.
fn install(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    match step(name, work) {
        Err(error) if !prepyc_testing::running_in_ci() => {
            writeln!(io::stdout().lock(), "warning: {error:#}; what needs it is skipped")?;
            Ok(())
        }
        outcome => outcome,
    }
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root()).stdin(Stdio::null());
    // What cargo told this program about itself is not for the cargos it starts.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs all tests: with nextest where it is installed (it has a time limit for each test), else with cargo's own runner.
fn run_tests() -> anyhow::Result<Tally> {
    let log = std::env::temp_dir().join(format!("prepyc-skips-{}", std::process::id()));
    fs::write(&log, "").with_context(|| log.display().to_string())?;
    let mut tally = Tally::default();
    let nextest = cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let runners: &[&[&str]] = if nextest {
        &[
            &["nextest", "run", "--workspace", "--no-fail-fast"],
            &["test", "--workspace", "--doc", "--no-fail-fast"],
        ]
    } else {
        &[&["test", "--workspace", "--no-fail-fast"]]
    };
    for runner in runners {
        let mut command = cargo();
        command.args(*runner).env(prepyc_testing::SKIP_LOG, &log);
        run_runner(&mut command, &mut tally)?;
    }
    // A test that says it skipped ended without a failure, so it was counted among the passed.
    let skips = fs::read_to_string(&log)?;
    fs::remove_file(&log)?;
    io::stdout().lock().write_all(skips.as_bytes())?;
    let skipped = skips.lines().count();
    tally.skipped += skipped;
    tally.passed = tally.passed.saturating_sub(skipped);
    Ok(tally)
}

/// Runs a test runner, passes on what it says, and adds its summaries to the tally.
fn run_runner(command: &mut Command, tally: &mut Tally) -> anyhow::Result<()> {
    let before = tally.failed;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", workspace::name(command)))?;
    let stdout = child.stdout.take().context("a pipe for stdout")?;
    let stderr = child.stderr.take().context("a pipe for stderr")?;
    // cargo's runner sums up on stdout, nextest on stderr.
    let other = std::thread::spawn(move || pass_on(stderr, io::stderr()));
    let mut told = pass_on(stdout, io::stdout())?;
    told.extend(other.join().expect("the reader does not panic")?);
    for Tally { passed, failed, skipped } in told {
        tally.passed += passed;
        tally.failed += failed;
        tally.skipped += skipped;
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == before {
        bail!("{} failed: {status}", workspace::name(command));
    }
    Ok(())
}

/// Copies lines from `from` to `to`, and returns the summaries among them.
fn pass_on(from: impl io::Read, mut to: impl Write) -> io::Result<Vec<Tally>> {
    let mut summaries = Vec::new();
    for line in BufReader::new(from).split(b'\n') {
        let line = line?;
        summaries.extend(summary(&String::from_utf8_lossy(&line)));
        to.write_all(&line)?;
        to.write_all(b"\n")?;
    }
    Ok(summaries)
}

/// What a runner's summary line says: `test result: ok. 3 passed; 0 failed; 0 ignored; …` of cargo's,
/// `Summary [ 1.2s] 3 tests run: 2 passed (1 slow), 1 failed, 1 timed out, 0 skipped` of nextest's.
fn summary(line: &str) -> Option<Tally> {
    let plain = without_colours(line);
    let counts = match plain.strip_prefix("test result: ") {
        Some(counts) => counts,
        None => plain.trim_start().strip_prefix("Summary [")?.split_once("run: ")?.1,
    };
    let mut tally = Tally::default();
    let words: Vec<_> = counts.split([' ', ';', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(count) = pair[0].parse::<usize>() else { continue };
        match pair[1] {
            "passed" => tally.passed += count,
            "failed" | "timed" | "exec" => tally.failed += count,
            "ignored" | "skipped" => tally.skipped += count,
            _ => {}
        }
    }
    Some(tally)
}

/// A line without its terminal escapes.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut parts = line.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_both_runners_are_understood() {
        let cargo = "test result: FAILED. 20 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.1s";
        assert_eq!(summary(cargo), Some(Tally { passed: 20, failed: 2, skipped: 1 }));
        let nextest = "\u{1b}[31;1m     Summary\u{1b}[0m [   0.060s] \u{1b}[1m22\u{1b}[0m tests run: 20 passed \
            (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(summary(nextest), Some(Tally { passed: 20, failed: 2, skipped: 3 }));
        assert_eq!(summary("running 3 tests"), None);
    }
}
