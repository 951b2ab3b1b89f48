//! Real Bazel drives `prepyc-worker`, in every way Bazel has of running an action.
//!
//! `tests/bazel/workspace` is what it builds, by rules that keep rules_python's action contract. All tests share one Bazel
//! server, so they run one after the other and the server is stopped at the end.

mod bazel;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bazel::{Bazel, Build, Unavailable, files_below, pycs_below};
use libtest_mimic::{Arguments, Failed, Trial};

const TARGETS: [&str; 2] = ["//app:all", "//crowd"];

/// Any worker in these modes is a new one, and Bazel says of what kind it is.
const FRESH_WORKERS: [&str; 3] =
    ["--strategy=PyCompile=worker", "--worker_quit_after_build", "--worker_verbose"];

/// Both branches of an action run at once, whatever the number of cores: each waits for the other (see `tardy.sh`).
const DYNAMIC: [&str; 12] = [
    "--internal_spawn_scheduler",
    "--strategy=PyCompile=dynamic",
    "--dynamic_local_strategy=PyCompile=worker",
    "--dynamic_remote_strategy=PyCompile=linux-sandbox",
    "--dynamic_local_execution_delay=0",
    "--experimental_worker_cancellation",
    "--//:precompiler=//:tardy_precompiler",
    "--worker_quit_after_build",
    "--worker_verbose",
    "--jobs=4",
    "--local_resources=cpu=64",
    "--local_resources=memory=65536",
];

const PROTO: [&str; 4] = [
    "--@prepyc//:execution_requirements=supports-workers=1",
    "--@prepyc//:execution_requirements=supports-multiplex-workers=1",
    "--@prepyc//:execution_requirements=requires-worker-protocol=proto",
    "--@prepyc//:execution_requirements=",
];

type Test = fn(&Session);

const TESTS: [(&str, Test); 18] = [
    ("local", local),
    ("sandboxed", sandboxed),
    ("json_singleplex_worker", json_singleplex_worker),
    ("json_multiplex_worker", json_multiplex_worker),
    ("proto_singleplex_worker", proto_singleplex_worker),
    ("proto_multiplex_worker", proto_multiplex_worker),
    ("multiplex_worker_with_sandboxing", multiplex_worker_with_sandboxing),
    ("dynamic_with_cancellation_singleplex", dynamic_with_cancellation_singleplex),
    ("dynamic_with_cancellation_multiplex", dynamic_with_cancellation_multiplex),
    ("code_objects_are_cpythons", code_objects_are_cpythons),
    ("runfiles_hold_the_pycs", runfiles_hold_the_pycs),
    ("program_runs_from_its_pycs", program_runs_from_its_pycs),
    ("program_runs_without_sources", program_runs_without_sources),
    ("syntax_error_fails_the_build_and_is_shown", syntax_error_fails_the_build_and_is_shown),
    ("no_execution_requirements_no_worker", no_execution_requirements_no_worker),
    ("another_binary_compiles_anew", another_binary_compiles_anew),
    ("prepyc_build_makes_the_same", prepyc_build_makes_the_same),
    ("no_process_outlives_shutdown", no_process_outlives_shutdown),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    let session = Arc::new(Mutex::new(Session::default()));
    let conclusion = libtest_mimic::run(&arguments, trials(Some(&session)));
    session.lock().unwrap_or_else(PoisonError::into_inner).end();
    conclusion.exit_code()
}

fn trials(session: Option<&Arc<Mutex<Session>>>) -> Vec<Trial> {
    let trial = |(name, test): &(&'static str, Test)| {
        let (name, test, session) = (*name, *test, session.cloned());
        Trial::test(name, move || session.map_or(Ok(()), |session| run(&session, name, test)))
    };
    TESTS.iter().map(trial).collect()
}

fn run(session: &Mutex<Session>, name: &str, test: Test) -> Result<(), Failed> {
    let session = session.lock().unwrap_or_else(PoisonError::into_inner);
    let message = match session.bazel.get_or_init(Bazel::set_up) {
        Ok(_) => catch_unwind(AssertUnwindSafe(|| test(&session))),
        Err(Unavailable::Machine(reason)) => {
            catch_unwind(|| prepyc_testing::skip(&format!("bazel_e2e::{name}"), reason))
        }
        Err(Unavailable::Installation(words)) => return Err(Failed::from(words)),
    };
    message.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Failed::from(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message"))
    })
}

/// The tests' Bazel, and the pycs all modes are held against.
#[derive(Default)]
struct Session {
    bazel: OnceCell<Result<Bazel, Unavailable>>,
    reference: OnceCell<BTreeMap<String, Vec<u8>>>,
}

impl Session {
    fn bazel(&self) -> &Bazel {
        match self.bazel.get() {
            Some(Ok(bazel)) => bazel,
            _ => panic!("a test runs only where there is a Bazel"),
        }
    }

    /// The pycs as the local strategy makes them.
    fn reference(&self) -> &BTreeMap<String, Vec<u8>> {
        self.reference.get_or_init(|| {
            let arguments = [&["--strategy=PyCompile=local"], &TARGETS[..]].concat();
            // What an earlier run left is not taken over.
            self.bazel().delete_pycs();
            let build = self.bazel().build(&arguments).expect_success();
            let pycs = self.bazel().pycs();
            assert!(pycs.len() > 20, "{} pycs", pycs.len());
            assert_eq!(build.processes("local"), pycs.len(), "{}", build.log);
            pycs
        })
    }

    /// Builds everything anew with these flags, holds the pycs against the reference, and returns the build.
    fn rebuild(&self, flags: &[&str]) -> Build {
        self.hold_against_reference(self.build_anew(flags).expect_success())
    }

    /// Builds everything anew, come what may.
    fn build_anew(&self, flags: &[&str]) -> Build {
        self.reference();
        self.bazel().delete_pycs();
        self.bazel().build(&[flags, &TARGETS].concat())
    }

    fn hold_against_reference(&self, build: Build) -> Build {
        let reference = self.reference();
        let pycs = self.bazel().pycs();
        assert_eq!(pycs.keys().collect::<Vec<_>>(), reference.keys().collect::<Vec<_>>());
        for (path, bytes) in reference {
            assert!(bytes == &pycs[path], "{path} differs from what the local strategy makes");
        }
        build
    }

    /// As [`Session::rebuild`], where every action is to be a request to a new worker that Bazel calls `kind`.
    fn rebuild_by_worker(&self, kind: &str, flags: &[&str]) {
        let build = self.rebuild(&[&FRESH_WORKERS, flags].concat());
        assert_eq!(build.processes("worker"), self.reference().len(), "{}", build.log);
        let created: Vec<_> =
            build.log.lines().filter_map(|line| line.strip_prefix("INFO: Created new ")).collect();
        assert!(!created.is_empty(), "{}", build.log);
        for line in created {
            assert!(line.starts_with(&format!("{kind} (id ")), "not a {kind}: {line}");
        }
    }

    /// As [`Session::rebuild`] under dynamic execution; some requests have to be cancelled, and all answered once.
    ///
    /// A build is repeated where Bazel lost outputs of a multiplex worker that answered as it should: it gives a new
    /// request the number of one that it cancelled before that one is answered, and takes the old answer for the new
    /// request's (bazelbuild/bazel#26251).
    fn rebuild_dynamically(&self, kind: &str, flags: &[&str]) {
        let mut builds_left = 5;
        let build = loop {
            self.bazel().clear_recordings();
            let build = self.build_anew(&[&DYNAMIC, flags].concat());
            builds_left -= 1;
            let (requests, responses) = recorded_conversations(&self.bazel().recordings());
            let cancels = requests.iter().filter(|request| request.contains("\"cancel\":true")).count();
            let is_multiplex = kind.contains("multiplex");
            if is_multiplex && build.lost_outputs() && builds_left > 0 {
                // What the worker read of a request that Bazel broke off when it gave up has no answer.
                assert!(responses.len() + cancels <= requests.len(), "an answer to no request");
                continue;
            }
            let build = build.expect_success();
            assert!(cancels > 0, "nothing was cancelled");
            assert_eq!(
                responses.len(),
                requests.len() - cancels,
                "responses to requests that are not cancels"
            );
            break self.hold_against_reference(build);
        };
        assert!(build.processes("linux-sandbox") > 0, "the sandbox never won:\n{}", build.log);
        assert!(build.log.contains(&format!("Created new {kind} (id ")), "no {kind}:\n{}", build.log);
    }

    fn end(&self) {
        if let Some(Ok(bazel)) = self.bazel.get() {
            bazel.shut_down();
        }
    }
}

/// The requests and the responses of all workers, a line each.
fn recorded_conversations(folder: &Path) -> (Vec<String>, Vec<String>) {
    let read = |prefix: &str| {
        let files = files_below(folder).into_iter().filter(|name| name.starts_with(prefix));
        let texts = files.map(|name| fs::read_to_string(folder.join(name)).expect("a recording is readable"));
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    (read("requests-"), read("responses-"))
}

fn local(session: &Session) {
    session.reference();
}

fn sandboxed(session: &Session) {
    let build = session.rebuild(&["--strategy=PyCompile=linux-sandbox"]);
    assert_eq!(build.processes("linux-sandbox"), session.reference().len(), "{}", build.log);
}

fn json_singleplex_worker(session: &Session) {
    session.rebuild_by_worker("non-sandboxed PyCompile worker", &["--noworker_multiplex"]);
}

fn json_multiplex_worker(session: &Session) {
    session.rebuild_by_worker("non-sandboxed PyCompile multiplex-worker", &[]);
}

fn proto_singleplex_worker(session: &Session) {
    let flags = [&["--noworker_multiplex"], &PROTO[..]].concat();
    session.rebuild_by_worker("non-sandboxed PyCompile worker", &flags);
}

fn proto_multiplex_worker(session: &Session) {
    session.rebuild_by_worker("non-sandboxed PyCompile multiplex-worker", &PROTO);
}

fn multiplex_worker_with_sandboxing(session: &Session) {
    let flags = ["--experimental_worker_multiplex_sandboxing"];
    session.rebuild_by_worker("sandboxed PyCompile multiplex-worker", &flags);
}

fn dynamic_with_cancellation_singleplex(session: &Session) {
    session.rebuild_dynamically("sandboxed PyCompile worker", &[]);
}

fn dynamic_with_cancellation_multiplex(session: &Session) {
    let flags = ["--experimental_worker_multiplex_sandboxing"];
    session.rebuild_dynamically("sandboxed PyCompile multiplex-worker", &flags);
}

/// CPython itself compiles each source under the name it has in Bazel, and finds equal code objects in the pyc.
fn code_objects_are_cpythons(session: &Session) {
    let checked = session.reference().len();
    let (stdout, _) =
        session.bazel().execute(["PYTHONUTF8=1", "python3", "equal_code_objects.py", "bazel-bin"]);
    assert_eq!(stdout.trim_end(), format!("{checked} pycs hold what CPython compiles"));
}

fn runfiles_hold_the_pycs(session: &Session) {
    session.reference();
    let tag = format!("cpython-{}.pyc", session.bazel().python_version().replace('.', ""));
    let expected = |pycache: &str, end: &str| {
        [
            ("_main/app/", "generated"),
            ("_main/app/", "greeting"),
            ("_main/app/", "main"),
            ("_main/app/naïve/", "größe"),
            ("dependency/dependency_lib/", "punctuation"),
        ]
        .map(|(folder, stem)| format!("{folder}{pycache}{stem}.{end}"))
    };
    assert_eq!(runfiles(session, "app", ".pyc"), expected("__pycache__/", &tag));
    assert_eq!(runfiles(session, "app", ".py"), expected("", "py"));
    assert_eq!(runfiles(session, "app_omitted", ".pyc"), expected("", "pyc"));
    assert_eq!(runfiles(session, "app_omitted", ".py"), [""; 0]);
}

/// The runfiles of a program with such an ending. Bazel's mark at the end of a repository's name is left out.
fn runfiles(session: &Session, program: &str, ending: &str) -> Vec<String> {
    let folder = session.bazel().workspace().join(format!("bazel-bin/app/{program}.sh.runfiles"));
    let files = files_below(&folder).into_iter().filter(|path| path.ends_with(ending));
    let mut files: Vec<_> = files.map(|path| path.replacen(['~', '+'], "", 1)).collect();
    files.sort();
    files
}

const APP_OUTPUT: &str = "hello, world! (10 letters)\ngenerated by a genrule\n";

fn program_runs_from_its_pycs(session: &Session) {
    session.reference();
    let command = ["PYTHONVERBOSE=1", "PYTHONUTF8=1", "bazel-bin/app/app.sh"];
    let (stdout, stderr) = session.bazel().execute(command);
    assert_eq!(stdout, APP_OUTPUT);
    // What runs as the program is never taken from a pyc; what it imports is.
    for module in [
        "_main/app/__pycache__/greeting",
        "_main/app/naïve/__pycache__/größe",
        "dependency_lib/__pycache__/punctuation",
    ] {
        let loaded = |line: &str| {
            line.starts_with("# code object from '") && line.contains(&format!("{module}.cpython-"))
        };
        assert!(stderr.lines().any(loaded), "{module} was not loaded from its pyc:\n{stderr}");
    }
}

fn program_runs_without_sources(session: &Session) {
    session.reference();
    let (stdout, _) = session.bazel().execute(["PYTHONUTF8=1", "bazel-bin/app/app_omitted.sh"]);
    assert_eq!(stdout, APP_OUTPUT);
}

fn syntax_error_fails_the_build_and_is_shown(session: &Session) {
    for strategy in ["local", "worker"] {
        let build = session.bazel().build(&[&format!("--strategy=PyCompile={strategy}"), "//broken"]);
        assert!(!build.succeeded, "{strategy}: a source that is no Python was compiled");
        for words in ["File \"broken/bad.py\", line 1\n", "def half(:", "SyntaxError: "] {
            assert!(build.log.contains(words), "{strategy}: {words:?} is not in:\n{}", build.log);
        }
        assert!(
            !build.log.contains("Traceback") && !build.log.contains("panicked"),
            "{strategy}:\n{}",
            build.log
        );
    }
}

/// A blank value clears the flag's default, and what says nothing of workers is not run as one.
fn no_execution_requirements_no_worker(session: &Session) {
    session.bazel().delete_pycs();
    let flags = ["--@prepyc//:execution_requirements=", "--strategy=PyCompile=worker,linux-sandbox"];
    let build = session.bazel().build(&[&flags[..], &["//app"]].concat()).expect_success();
    assert_eq!(build.processes("linux-sandbox"), session.bazel().pycs().len(), "{}", build.log);
}

/// The binary lies outside of what Bazel watches by itself.
fn another_binary_compiles_anew(session: &Session) {
    let build = || session.bazel().build(&["--strategy=PyCompile=linux-sandbox", "//app"]).expect_success();
    build();
    assert_eq!(build().processes("linux-sandbox"), 0, "nothing has changed");
    session.bazel().change_worker();
    assert_eq!(build().processes("linux-sandbox"), 5, "all sources of //app");
}

/// The packages below //shared, as Bazel builds them and as `prepyc build` does: the same pycs, and runfiles that hold the same
/// Python files.
fn prepyc_build_makes_the_same(session: &Session) {
    let bazel = session.bazel();
    let targets = ["--strategy=PyCompile=local", "//shared:program", "//shared/library", "//shared/omitted"];
    bazel.delete_pycs();
    bazel.build(&targets).expect_success();
    let theirs = bazel.pycs();

    let version = format!("--python_version={}", bazel.python_version());
    let output = Command::new(env!("CARGO_BIN_EXE_prepyc"))
        .args(["build", "--ignore_all_rc_files", &version, "--precompile=enabled", "//shared/..."])
        .current_dir(bazel.workspace())
        .output()
        .expect("prepyc starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bin = bazel.workspace().join("prepyc-out/bin");
    let ours = pycs_below(&bin);
    assert_eq!(ours.len(), 8, "{:?}", ours.keys());
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (path, bytes) in &ours {
        assert!(*bytes == theirs[path], "{path} differs from what Bazel's action makes");
    }

    let in_tree = |tree: &Path| -> Vec<String> {
        let is_python = |path: &String| path.ends_with(".py") || path.ends_with(".pyc");
        files_below(tree).into_iter().filter(is_python).collect()
    };
    // Bazel's rules of this workspace give no folder an empty `__init__.py`; each of its own has one.
    assert_eq!(
        in_tree(&bin.join("shared/program.runfiles")),
        in_tree(&bazel.workspace().join("bazel-bin/shared/program.sh.runfiles"))
    );
    // The next test holds all pycs of Bazel's against its own.
    bazel.delete_pycs();
    fs::remove_dir_all(bazel.workspace().join("prepyc-out")).expect("prepyc's outputs can be deleted");
}

fn no_process_outlives_shutdown(session: &Session) {
    session.reference();
    session.bazel().delete_pycs();
    session.bazel().build(&[&["--strategy=PyCompile=worker"], &TARGETS[..]].concat()).expect_success();
    let is_worker = |process: &String| process.contains("--persistent_worker");
    assert!(
        session.bazel().live_processes().iter().any(is_worker),
        "{:#?}",
        session.bazel().live_processes()
    );

    session.bazel().shut_down();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !session.bazel().live_processes().is_empty() {
        assert!(Instant::now() < deadline, "left behind: {:#?}", session.bazel().live_processes());
        std::thread::sleep(Duration::from_millis(20));
    }
}
