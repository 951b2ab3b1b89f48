//! `prepyc compile` killed without warning: every pyc that is there is whole, and the next run writes the rest. With both
//! engines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use prepyc_testing::Oracle;
use prepyc_testing::tree::{self, Engine, Pycs, assert_same, read_pycs};
use tempfile::TempDir;

/// Each engine, for a version that it compiles for.
const ENGINES: [(Engine, &str); 2] = [(Engine::Interpreter, "3.13"), (Engine::Native, "3.14")];
const PACKAGES: [&str; 3] = ["attrs", "pytest", "requests"];
const KILLS: u32 = 40;
/// In the environment of a prepyc and of every process it starts, so that orphans are found by it.
const MARK: &str = "PREPYC_CRASH_TEST";

/// A tree of sources, what compiles it, and the pycs an undisturbed run makes of it.
struct Fixture {
    engine: Engine,
    oracle: Oracle,
    sources: TempDir,
    wanted: Pycs,
    /// How long the undisturbed run took.
    duration: Duration,
}

impl Fixture {
    /// One for each engine.
    fn all(test: &str) -> impl Iterator<Item = Fixture> {
        ENGINES.into_iter().filter_map(move |(engine, version)| Fixture::new(engine, version, test))
    }

    fn new(engine: Engine, version: &str, test: &str) -> Option<Fixture> {
        let oracle = Oracle::find_or_skip(version, test)?;
        let (sources, out) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        if !tree::copy_packages(&PACKAGES, sources.path(), test) {
            return None;
        }
        let mut fixture = Fixture { engine, oracle, sources, wanted: Pycs::new(), duration: Duration::ZERO };
        let start = Instant::now();
        assert!(fixture.command(out.path()).status().expect("prepyc starts").success());
        fixture.duration = start.elapsed();
        fixture.wanted = read_pycs(out.path());
        assert!(fixture.wanted.len() > 100, "{} pycs are enough", fixture.wanted.len());
        Some(fixture)
    }

    fn command(&self, out: &Path) -> Command {
        let mut command = tree::prepyc_compile(env!("CARGO_BIN_EXE_prepyc"), &self.oracle, self.engine);
        command.args(["-j", "2", "--quiet", "--out-dir"]).arg(out).arg(self.sources.path());
        command
    }

    /// Kills a run at the moment that this round is about, and looks at what it leaves; whether that was some pycs, but
    /// not all.
    fn kill_in_the_middle(&self, round: u32) -> bool {
        let out = TempDir::new().expect("a folder");
        let mark = format!("{}-{round}", std::process::id());
        let child = self.command(out.path()).env(MARK, &mark).stderr(Stdio::null()).spawn();
        end(child.expect("prepyc starts"), self.duration.mul_f64(spread(round)));
        let done = self.assert_whole(out.path());
        assert_no_orphans(&mark);
        self.assert_compiles_the_rest(out.path());
        done > 0 && done < self.wanted.len()
    }

    /// Fails if an undisturbed run over what is there does not end with everything.
    fn assert_compiles_the_rest(&self, out: &Path) {
        assert!(self.command(out).status().expect("prepyc starts").success(), "the run after the kill");
        assert_same(&read_pycs(out), &self.wanted);
    }

    /// Fails if a pyc that is there is not just what it has to be; returns how many are there.
    fn assert_whole(&self, out: &Path) -> usize {
        let found = read_pycs(out);
        for (path, bytes) in &found {
            let wanted =
                self.wanted.get(path).unwrap_or_else(|| panic!("{} is none of ours", path.display()));
            assert!(bytes == wanted, "{} has {} bytes of {}", path.display(), bytes.len(), wanted.len());
        }
        found.len()
    }
}

/// Numbers that are spread evenly and the same in each run (the van der Corput sequence), from 0 to 1.
fn spread(index: u32) -> f64 {
    f64::from(index.reverse_bits()) / f64::from(u32::MAX)
}

/// The processes whose environment has the mark with this value.
fn marked_processes(value: &str) -> Vec<PathBuf> {
    let entry = format!("{MARK}={value}").into_bytes();
    let processes =
        fs::read_dir("/proc").expect("/proc").filter_map(Result::ok).map(|process| process.path());
    processes
        .filter(|process| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == entry)
        })
        .collect()
}

/// Waits until no process has the mark any more; fails when they stay.
fn assert_no_orphans(value: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let orphans = marked_processes(value);
        if orphans.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still running: {orphans:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn end(mut child: Child, after: Duration) {
    thread::sleep(after);
    child.kill().expect("SIGKILL is sent");
    child.wait().expect("it ends");
}

#[test]
fn killed_at_any_moment_it_leaves_whole_pycs_and_no_orphans() {
    for fixture in Fixture::all("killed_at_any_moment_it_leaves_whole_pycs_and_no_orphans") {
        let mut interrupted = 0;
        for round in 0..KILLS {
            interrupted += u32::from(fixture.kill_in_the_middle(round));
        }
        // Otherwise this would be a test of nothing.
        let engine = fixture.engine;
        assert!(
            interrupted >= KILLS / 10,
            "{engine:?}: only {interrupted} of {KILLS} kills came in the middle of the writing"
        );
    }
}

#[test]
fn killed_again_and_again_over_one_tree_it_gets_there() {
    for fixture in Fixture::all("killed_again_and_again_over_one_tree_it_gets_there") {
        let out = TempDir::new().expect("a folder");
        for round in 0..8 {
            // Later and later, so that there is something old in the tree to find right or wrong.
            let child = fixture.command(out.path()).stderr(Stdio::null()).spawn().expect("prepyc starts");
            end(child, fixture.duration.mul_f64(f64::from(round) / 10.0));
            fixture.assert_whole(out.path());
        }
        fixture.assert_compiles_the_rest(out.path());
    }
}

#[test]
fn two_at_once_over_one_tree_do_no_harm() {
    for fixture in Fixture::all("two_at_once_over_one_tree_do_no_harm") {
        for force in [false, true] {
            let out = TempDir::new().expect("a folder");
            let start = || {
                let mut command = fixture.command(out.path());
                if force {
                    command.arg("--force");
                }
                command.spawn().expect("prepyc starts")
            };
            for mut child in [start(), start()] {
                assert!(child.wait().expect("it ends").success());
            }
            assert_same(&read_pycs(out.path()), &fixture.wanted);
        }
    }
}
