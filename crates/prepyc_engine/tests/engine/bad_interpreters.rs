//! Interpreters that crash, hang, print garbage or lie: each costs one request its error, or all a clear one.
//!
//! Most are a real interpreter whose `compile` has been replaced: what follows `-c` is the driver's text.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use prepyc_engine::{CompileFailure, CompileResult, Engine, EngineError, Limits};
use tempfile::{TempDir, tempdir};

use crate::support::{oracle, request};

const QUICK: Limits = Limits {
    start_time: Duration::from_secs(5),
    request_time: Duration::from_millis(500),
    ..Limits::STANDARD
};

/// An executable in a folder of its own.
struct Fake {
    folder: TempDir,
    path: PathBuf,
}

impl Fake {
    fn shell(body: &str) -> Fake {
        let folder = tempdir().unwrap();
        let path = folder.path().join("python");
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Fake { folder, path }
    }

    /// The real interpreter with `prelude` run before the driver; None where there is no oracle.
    fn python(prelude: &str) -> Option<Fake> {
        let python = oracle("3.13")?;
        let fake = Fake::shell("");
        fs::write(fake.folder.path().join("prelude.py"), prelude).unwrap();
        let body = format!(
            "#!/bin/sh\nfor last; do :; done\nFOLDER='{}' exec '{}' -S -s -B -X utf8 '{}' \"$last\"\n",
            fake.folder.path().display(),
            python.display(),
            fake.folder.path().join("start.py").display()
        );
        let start = "import os, sys, builtins, signal, time\n\
             real, folder = compile, os.environ['FOLDER']\n\
             exec(open(folder + '/prelude.py').read())\n\
             exec(sys.argv[1], {'__name__': '__main__'})\n";
        fs::write(fake.folder.path().join("start.py"), start).unwrap();
        fs::write(&fake.path, body).unwrap();
        Some(fake)
    }

    fn engine(&self, workers: usize) -> Engine {
        Engine::interpreter(&self.path, workers, QUICK).expect("the fake starts")
    }

    fn start_error(&self) -> String {
        let error = Engine::interpreter(&self.path, 2, QUICK).unwrap_err();
        assert!(matches!(error, EngineError::Start { .. }), "{error}");
        assert!(error.to_string().contains(self.path.to_str().unwrap()), "{error}");
        error.to_string()
    }
}

/// A `compile` that misbehaves over sources that contain `BAD`.
const ON_BAD: &str = "\
def compile(source, *rest, **options):
    if b'BAD' in source:
        misbehave()
    return real(source, *rest, **options)
builtins.compile = compile
";

/// Compiles 30 sources, of which every tenth is bad, and returns the errors of those that failed, by number.
fn run_thirty(engine: &Engine) -> BTreeMap<usize, EngineError> {
    let (sender, receiver) = mpsc::channel();
    for number in 0..30_usize {
        let bad = if number % 10 == 4 { "BAD" } else { "good" };
        let sender = sender.clone();
        engine.submit(
            request(format!("{bad} = {number}\n").as_bytes(), &format!("{number}.py")),
            move |result| {
                sender.send((number, result)).unwrap();
            },
        );
    }
    drop(sender);
    let answers: Vec<(usize, CompileResult)> = receiver.iter().collect();
    assert_eq!(answers.len(), 30);
    let failed = answers.into_iter().filter_map(|(number, result)| match result {
        Ok(_) => None,
        Err(CompileFailure::Engine(error)) => Some((number, error)),
        Err(rejected) => panic!("{rejected}"),
    });
    failed.collect()
}

/// The bad ones fail with an error that says each of `said`; all others succeed.
fn check(prelude: &str, said: &[&str]) {
    let Some(fake) = Fake::python(&format!("{prelude}{ON_BAD}")) else { return };
    for workers in [1, 2] {
        let failed = run_thirty(&fake.engine(workers));
        assert_eq!(failed.keys().copied().collect::<Vec<_>>(), [4, 14, 24], "{failed:?}");
        for (number, error) in failed {
            assert!(matches!(error, EngineError::Interpreter { .. }), "{error}");
            let text = error.to_string();
            assert!(text.starts_with(&format!("{number}.py: ")), "{text}");
            assert!(text.contains(fake.path.to_str().unwrap()), "{text}");
            said.iter().for_each(|said| assert!(text.contains(said), "{text}"));
        }
    }
}

#[test]
fn a_crash_costs_one_request() {
    check("def misbehave(): os.kill(os.getpid(), signal.SIGSEGV)\n", &["was killed by SIGSEGV"]);
}

#[test]
fn an_exit_costs_one_request_and_its_last_words_are_shown() {
    check(
        "def misbehave():\n    sys.stderr.write('x' * 100000 + 'the last words')\n    sys.stderr.flush()\n    os._exit(7)\n",
        &["exited with code 7", "the last words"],
    );
}

#[test]
fn an_unexpected_exception_costs_one_request() {
    check("def misbehave(): raise SystemExit('no more')\n", &["exited with code 1", "no more"]);
}

#[test]
fn a_hang_costs_one_request() {
    check("def misbehave(): time.sleep(1000)\n", &["took longer than 0.5 s"]);
}

#[test]
fn garbage_on_the_wire_costs_one_request() {
    // The wire is the lowest descriptor above stderr that is a socket.
    let wire = "\
def wire():
    import stat
    return next(fd for fd in range(3, 99) if stat.S_ISSOCK(os.fstat(fd).st_mode))
";
    check(
        &format!("{wire}def misbehave(): os.write(wire(), b'?' * 1000)\n"),
        &["answered with bytes that make no sense"],
    );
    let oversized =
        "def misbehave(): os.write(wire(), b'\\1\\0\\0\\0\\1\\xff\\xff\\xff\\xff'); time.sleep(1000)\n";
    check(
        &format!("{wire}{oversized}"),
        &["answered with 4294967295 bytes, more than the 1073741824 allowed"],
    );
    let lying =
        "def misbehave(): os.write(wire(), b'\\1\\0\\0\\0\\1\\4\\0\\0\\0\\7\\0\\0\\0'); time.sleep(1000)\n";
    check(&format!("{wire}{lying}"), &["answered with bytes that make no sense"]);
}

#[test]
fn prints_do_not_reach_the_wire() {
    let prints = "\
def misbehave():
    print('to stdout', flush=True)
    os.write(1, b'to descriptor 1')
    os.write(2, b'to descriptor 2')
    os.system('echo from a child')
    assert sys.stdin.read() == '' and os.read(0, 10) == b''
";
    let Some(fake) = Fake::python(&format!("{prints}{ON_BAD}")) else { return };
    assert_eq!(run_thirty(&fake.engine(2)).len(), 0);
}

#[test]
fn code_that_cannot_be_read_costs_one_request() {
    let prelude = "\
import marshal
dumps = marshal.dumps
marshal.dumps = lambda code: b'\\xe3nonsense' if 'BAD' in code.co_names else dumps(code)
";
    let Some(fake) = Fake::python(prelude) else { return };
    let failed = run_thirty(&fake.engine(2));
    assert_eq!(failed.keys().copied().collect::<Vec<_>>(), [4, 14, 24]);
    assert!(failed.values().all(|error| matches!(error, EngineError::UnreadableCode { .. })), "{failed:?}");
}

#[test]
fn one_that_dies_after_some_requests_is_replaced() {
    let prelude = "\
count = 0
def compile(*rest, **options):
    global count
    count += 1
    if count > 10: os._exit(9)
    return real(*rest, **options)
builtins.compile = compile
";
    let Some(fake) = Fake::python(prelude) else { return };
    let failed = run_thirty(&fake.engine(1));
    assert_eq!(failed.keys().copied().collect::<Vec<_>>(), [10, 21]);
}

#[test]
fn one_that_is_killed_while_idle_costs_nothing() {
    let prelude = "open(folder + '/pids', 'a').write('%d\\n' % os.getpid())\n";
    let Some(fake) = Fake::python(prelude) else { return };
    let engine = fake.engine(1);
    for _ in 0..4 {
        engine.compile(request(b"x = 1\n", "m.py")).unwrap();
        let pids = fs::read_to_string(fake.folder.path().join("pids")).unwrap();
        let pid = pids.lines().last().unwrap();
        assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
        // The engine hears of it a little later: the next request may come in between.
        wait_until_gone(pid);
    }
    engine.compile(request(b"x = 1\n", "m.py")).unwrap();
}

/// Waits until a process has ended; whoever its parent is may still have to reap it.
fn wait_until_gone(pid: &str) {
    let stat = Path::new("/proc").join(pid).join("stat");
    let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    wait_until(|| !runs(), &format!("process {pid} ends"));
}

fn wait_until(mut condition: impl FnMut() -> bool, what: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The inner run, which is killed, holds an idle interpreter and one that compiles.
#[test]
fn interpreters_end_if_prepyc_is_killed() {
    const FOLDER: &str = "PREPYC_TEST_KILLED";
    let prelude = "\
with open(folder + '/pids', 'a') as pids: pids.write('%d\\n' % os.getpid())
def misbehave():
    open(folder + '/compiling', 'w').close()
    time.sleep(1)
";
    if let Some(python) = std::env::var_os(FOLDER) {
        let engine = Engine::interpreter(Path::new(&python), 2, Limits::STANDARD).unwrap();
        engine.submit(request(b"BAD", "m.py"), |_| ());
        engine.compile(request(b"x = 1\n", "m.py")).unwrap();
        loop {
            std::thread::park();
        }
    }
    let Some(fake) = Fake::python(&format!("{prelude}{ON_BAD}")) else { return };
    let mut inner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bad_interpreters::interpreters_end_if_prepyc_is_killed"])
        .env(FOLDER, &fake.path)
        .spawn()
        .unwrap();
    let pids = || fs::read_to_string(fake.folder.path().join("pids")).unwrap_or_default();
    let compiling = fake.folder.path().join("compiling");
    wait_until(|| pids().lines().count() == 2 && compiling.exists(), "both interpreters run");
    inner.kill().unwrap();
    inner.wait().unwrap();
    pids().lines().for_each(wait_until_gone);
}

/// Later processes may fail to start although the first one did: all requests end, with the reason.
#[test]
fn one_that_no_longer_starts_is_given_up() {
    let prelude = "\
count = len(open(folder + '/starts', 'a+b').read(0) or b'')
with open(folder + '/starts', 'a') as starts: starts.write('x')
if os.path.getsize(folder + '/starts') > 1:
    sys.exit('the licence server is down')
def misbehave(): os._exit(1)
";
    let Some(fake) = Fake::python(&format!("{prelude}{ON_BAD}")) else { return };
    let failed = run_thirty(&fake.engine(1));
    assert_eq!(failed.len(), 26);
    assert!(failed[&29].to_string().contains("the licence server is down"), "{}", failed[&29]);
    assert_eq!(fs::read(fake.folder.path().join("starts")).unwrap().len(), 4);
}

/// The first process works, and goes on working, however often a second one fails to start.
#[test]
fn one_that_runs_goes_on_if_no_second_one_starts() {
    let prelude = "\
with open(folder + '/starts', 'a') as starts: starts.write('x')
if os.path.getsize(folder + '/starts') > 1:
    sys.exit('only one at a time')
def compile(*rest, **options):
    time.sleep(0.02)
    return real(*rest, **options)
builtins.compile = compile
";
    let Some(fake) = Fake::python(prelude) else { return };
    assert_eq!(run_thirty(&fake.engine(3)).len(), 0);
}

#[test]
fn starts_that_go_wrong_are_told_apart() {
    let garbage = Fake::shell("exec yes garbage");
    assert!(garbage.start_error().contains("answered with bytes that make no sense"));
    let dead = Fake::shell("echo 'ld.so: cannot find libpython' >&2\nexit 127");
    let error = dead.start_error();
    assert!(error.contains("exited with code 127") && error.contains("cannot find libpython"), "{error}");
    let cut = Fake::shell("printf '\\0prepyc driver 1\\n\\0\\0'");
    assert!(cut.start_error().contains("exited with code 0"));
    let wrong = Fake::shell("printf '\\0prepyc driver 1\\n\\1\\0\\0\\0\\0\\0\\0\\0\\0'; sleep 1000");
    assert!(wrong.start_error().contains("answered with bytes that make no sense"));
    let empty = Fake::shell("printf '\\0prepyc driver 1\\n\\0\\0\\0\\0\\0\\0\\0\\0\\0'; sleep 1000");
    assert!(empty.start_error().contains("answered with bytes that make no sense"));
    let killed = Fake::shell("kill -SEGV $$");
    assert!(killed.start_error().contains("was killed by SIGSEGV"));
}

/// The shell waits for its child: both must go, or the test would take as long as the sleep.
#[test]
fn a_start_that_hangs_is_ended_with_its_children() {
    let fake = Fake::shell("sleep 1000\nexit 0");
    let limits = Limits { start_time: Duration::from_millis(200), ..QUICK };
    let error = Engine::interpreter(&fake.path, 1, limits).unwrap_err().to_string();
    assert!(error.contains("did not start within 0.2 s"), "{error}");
}

#[test]
fn a_hanging_process_does_not_delay_the_end() {
    let Some(fake) = Fake::python(&format!("def misbehave(): time.sleep(1000)\n{ON_BAD}")) else { return };
    let patient = Limits { request_time: Duration::from_secs(1000), ..QUICK };
    let engine = Engine::interpreter(&fake.path, 2, patient).unwrap();
    let (sender, receiver) = mpsc::channel();
    for _ in 0..4 {
        let sender = sender.clone();
        engine.submit(request(b"BAD", "m.py"), move |result| sender.send(result).unwrap());
    }
    drop(sender);
    drop(engine);
    let ended =
        |result: CompileResult| matches!(result, Err(CompileFailure::Engine(EngineError::ShutDown { .. })));
    assert_eq!(receiver.iter().filter(|_| true).map(ended).filter(|&ended| ended).count(), 4);
}

#[test]
fn a_shut_down_ends_it_under_the_hands_of_whoever_waits() {
    let Some(fake) = Fake::python(&format!("def misbehave(): time.sleep(1000)\n{ON_BAD}")) else { return };
    let patient = Limits { request_time: Duration::from_secs(1000), ..QUICK };
    let engine = Engine::interpreter(&fake.path, 1, patient).unwrap();
    let ended =
        |result: CompileResult| matches!(result, Err(CompileFailure::Engine(EngineError::ShutDown { .. })));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| engine.compile(request(b"BAD", "m.py")));
        let also_waiting = scope.spawn(|| engine.compile(request(b"BAD", "m.py")));
        engine.shut_down();
        assert!(ended(waiting.join().unwrap()));
        assert!(ended(also_waiting.join().unwrap()));
    });
    assert!(ended(engine.compile(request(b"x = 1\n", "m.py"))));
}

#[test]
fn a_panic_in_a_callback_harms_no_other_request() {
    let Some(fake) = Fake::python("") else { return };
    let engine = fake.engine(1);
    engine.submit(request(b"x = 1\n", "m.py"), |_| panic!("expected by this test"));
    assert!(engine.compile(request(b"x = 1\n", "m.py")).is_ok());
}
