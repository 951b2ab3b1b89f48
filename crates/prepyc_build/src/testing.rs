//! `prepyc test`: runs tests as Bazel's test runner does (<https://bazel.build/reference/test-encyclopedia>), several at once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use prepyc_execution::{CancelToken, Guardian};
use prepyc_plan::Label;
use rustix::process::{Pid, Signal, kill_process_group};
use wait_timeout::ChildExt;

use crate::analysis::{Flakiness, TestSettings};

/// A test that says so again before it counts as failed, where it is flaky.
const FLAKY_ATTEMPTS: u32 = 3;
/// Between looks at whether the build was cancelled.
const LOOK: Duration = Duration::from_millis(100);
/// What a test that is out of time has to end in.
const GRACE: Duration = Duration::from_secs(5);

/// One test, ready to be run.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its label.
    pub label: Label,
    /// What starts it, absolute.
    pub program: PathBuf,
    /// Its tree of runfiles, absolute.
    pub runfiles: PathBuf,
    /// Its `args`, and those of the command line.
    pub arguments: Vec<OsString>,
    /// Its `env` and what it inherits.
    pub environment: BTreeMap<OsString, OsString>,
    /// How often it is run, and in how many parts.
    pub settings: TestSettings,
    /// After so many seconds it has failed.
    pub timeout_seconds: u64,
    /// Where its log goes: `test.log`, and `shard_N_of_M` below it. Absolute.
    pub log_folder: PathBuf,
}

/// How tests are run.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// How many at once.
    pub jobs: usize,
    /// `--test_filter`
    pub filter: Option<String>,
}

/// What became of one test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Its place in the list.
    pub test: usize,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took, the last attempt of each shard together.
    pub duration: Duration,
    /// The log of what decided.
    pub log: PathBuf,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every shard ended with 0.
    Passed,
    /// So did each at last, after so many attempts in all.
    Flaky(u32),
    /// It ended with that code.
    Failed(i32),
    /// A signal ended it.
    Killed(i32),
    /// It took longer than it may.
    TimedOut,
    /// It could not be started.
    NotStarted(String),
    /// It was not run, or given up.
    Cancelled,
}

impl Verdict {
    /// Whether the test has passed.
    pub fn is_success(&self) -> bool {
        matches!(self, Verdict::Passed | Verdict::Flaky(_))
    }

    /// Bazel's word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "PASSED",
            Verdict::Flaky(_) => "FLAKY",
            Verdict::Failed(_) | Verdict::Killed(_) => "FAILED",
            Verdict::TimedOut => "TIMEOUT",
            Verdict::NotStarted(_) => "FAILED TO START",
            Verdict::Cancelled => "NO STATUS",
        }
    }
}

/// What every test that is run needs.
struct Runner<'a> {
    run: &'a TestRun,
    cancel: &'a CancelToken,
    guardian: Arc<Guardian>,
}

/// Runs tests; the results stand in the order of the tests. `on_result` hears of each as soon as it is there.
pub fn run_tests(
    tests: &[Test],
    run: &TestRun,
    cancel: &CancelToken,
    on_result: &(dyn Fn(&TestResult) + Sync),
) -> Vec<TestResult> {
    let jobs = run.jobs.clamp(1, tests.len().max(1));
    let runner = Runner { run, cancel, guardian: Guardian::start() };
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(tests.len()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(place) else { break };
                    let result = run_test(place, test, &runner);
                    on_result(&result);
                    results.lock().expect("no test thread panics with the results").push(result);
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no test thread panics with the results");
    results.sort_by_key(|result: &TestResult| result.test);
    results
}

/// Runs every shard of a test until one has failed for good.
fn run_test(place: usize, test: &Test, runner: &Runner<'_>) -> TestResult {
    let mut result = TestResult {
        test: place,
        verdict: Verdict::Passed,
        duration: Duration::ZERO,
        log: test.log_folder.join("test.log"),
    };
    let attempts_allowed = match test.settings.flaky {
        Flakiness::Steady => 1,
        Flakiness::Flaky => FLAKY_ATTEMPTS,
    };
    let shards = test.settings.shards.max(1);
    let mut attempts_used = 0;
    for shard in 0..shards {
        let folder = match test.settings.shards {
            0 => test.log_folder.clone(),
            count => test.log_folder.join(format!("shard_{}_of_{count}", shard + 1)),
        };
        let mut verdict = Verdict::Cancelled;
        for _ in 0..attempts_allowed {
            let start = Instant::now();
            verdict = run_attempt(test, runner, &folder, shard);
            result.duration += start.elapsed();
            attempts_used += 1;
            if matches!(verdict, Verdict::Passed | Verdict::Cancelled) {
                break;
            }
        }
        if verdict != Verdict::Passed {
            result.verdict = verdict;
            result.log = folder.join("test.log");
            return result;
        }
    }
    if attempts_used > shards {
        result.verdict = Verdict::Flaky(attempts_used);
    }
    result
}

fn run_attempt(test: &Test, runner: &Runner<'_>, folder: &Path, shard: u32) -> Verdict {
    let cancel = runner.cancel;
    if cancel.is_cancelled() {
        return Verdict::Cancelled;
    }
    let started = start(test, runner.run, folder, shard);
    let (mut child, scratch) = match started {
        Ok(started) => started,
        Err(error) => return Verdict::NotStarted(error.to_string()),
    };
    let watched = runner.guardian.watch(child.id());
    let verdict = wait(&mut child, Duration::from_secs(test.timeout_seconds), cancel);
    drop(watched);
    drop(scratch);
    verdict
}

/// Starts a test in a process group of its own, in a fresh scratch folder.
fn start(test: &Test, run: &TestRun, folder: &Path, shard: u32) -> io::Result<(Child, tempfile::TempDir)> {
    fs::create_dir_all(folder)?;
    let scratch = tempfile::Builder::new().prefix("prepyc-test-").tempdir()?;
    let mut command = Command::new(&test.program);
    command.args(&test.arguments).current_dir(test.runfiles.join(prepyc_plan::MAIN_REPOSITORY));
    command.env_clear().envs(test_environment(test, run, folder, scratch.path(), shard));
    command.stdin(Stdio::null()).process_group(0);
    let log = File::create(folder.join("test.log"))?;
    command.stdout(log.try_clone()?).stderr(log);
    Ok((command.spawn()?, scratch))
}

/// What a test finds in its environment.
fn test_environment(
    test: &Test,
    run: &TestRun,
    folder: &Path,
    scratch: &Path,
    shard: u32,
) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: &OsStr| environment.insert(name.into(), value.to_owned());
    for name in ["PATH", "LANG", "LC_ALL"] {
        if let Some(value) = std::env::var_os(name) {
            set(name, &value);
        }
    }
    set("HOME", scratch.as_os_str());
    set("TZ", OsStr::new("UTC"));
    set("TEST_SRCDIR", test.runfiles.as_os_str());
    set("RUNFILES_DIR", test.runfiles.as_os_str());
    set("TEST_TMPDIR", scratch.as_os_str());
    set("TMPDIR", scratch.as_os_str());
    set("TEST_TARGET", OsStr::new(&test.label.to_string()));
    set("TEST_WORKSPACE", OsStr::new(prepyc_plan::MAIN_REPOSITORY));
    set("TEST_TIMEOUT", OsStr::new(&test.timeout_seconds.to_string()));
    set("TEST_UNDECLARED_OUTPUTS_DIR", folder.join("test.outputs").as_os_str());
    set("XML_OUTPUT_FILE", folder.join("test.xml").as_os_str());
    set("BAZEL_TEST", OsStr::new("1"));
    set("PYTHONDONTWRITEBYTECODE", OsStr::new("1"));
    if let Some(filter) = &run.filter {
        set("TESTBRIDGE_TEST_ONLY", OsStr::new(filter));
    }
    if test.settings.shards > 0 {
        set("TEST_TOTAL_SHARDS", OsStr::new(&test.settings.shards.to_string()));
        set("TEST_SHARD_INDEX", OsStr::new(&shard.to_string()));
        set("TEST_SHARD_STATUS_FILE", scratch.join("shard_status").as_os_str());
    }
    environment.extend(test.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
    environment
}

/// Waits for a test, for as long as it may take.
fn wait(child: &mut Child, limit: Duration, cancel: &CancelToken) -> Verdict {
    let start = Instant::now();
    loop {
        let left = limit.saturating_sub(start.elapsed());
        match child.wait_timeout(left.min(LOOK)) {
            Ok(Some(status)) => return verdict_of(status),
            Ok(None) if cancel.is_cancelled() => {
                end(child);
                return Verdict::Cancelled;
            }
            Ok(None) if left.is_zero() => {
                end(child);
                return Verdict::TimedOut;
            }
            Ok(None) => {}
            Err(error) => {
                end(child);
                return Verdict::NotStarted(error.to_string());
            }
        }
    }
}

fn verdict_of(status: ExitStatus) -> Verdict {
    match (status.code(), status.signal()) {
        (Some(0), _) => Verdict::Passed,
        (Some(code), _) => Verdict::Failed(code),
        (None, signal) => Verdict::Killed(signal.unwrap_or(0)),
    }
}

/// Ends a test and all that it started: politely, then at once.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal: Signal| {
        if let Some(group) = group {
            // The group may be gone by itself.
            let _ = kill_process_group(group, signal);
        }
    };
    signal(Signal::TERM);
    if !matches!(child.wait_timeout(GRACE), Ok(Some(_))) {
        signal(Signal::KILL);
        let _ = child.wait();
    }
    signal(Signal::KILL);
}
