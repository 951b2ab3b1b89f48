//! A folder to work in, an interpreter whose pace a test sets, and a worker whose every byte is seen.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use prepyc_protocol::{Protocol, ResponseReader, WorkRequest, WorkResponse, write_request};
use prepyc_testing::Oracle;
use prepyc_version::PyVersion;
use tempfile::TempDir;

/// The version the tests compile for.
pub(crate) const VERSION: &str = "3.13";

/// What a pyc of that version begins with.
pub(crate) const MAGIC: [u8; 4] = PyVersion::Py313.magic().to_bytes();

/// How long anything may take before the test gives up. No test is faster or slower for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the binary's tests: `tests/worker` in the project's folder.
pub(crate) fn data_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/worker")
}

/// A folder of its own for one test: the worker's current folder.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("its folder");
        fs::write(path, content).expect("the file");
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn exists(&self, name: impl AsRef<Path>) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Everything below it, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                if entry.file_type().expect("its type").is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let name = path.strip_prefix(self.path("")).expect("below the folder");
                    files.push(name.to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        files
    }
}

/// The real interpreter, or a skip.
pub(crate) fn python(test: &str) -> Option<PathBuf> {
    Oracle::find_or_skip(VERSION, test).map(|oracle| oracle.executable().to_owned())
}

/// An interpreter, for `--engine interpreter`, that behaves until a source says otherwise, in comments:
///
/// * `gate: NAME` writes the file `NAME.reached` and goes on when there is a file `NAME.open`;
/// * `prints` writes to every descriptor a child has of the worker, and so does a child of its own.
pub(crate) fn gated_python(folder: &Folder, test: &str) -> Option<PathBuf> {
    let real = python(test)?;
    folder.write("bin/gated.py", GATED);
    let gated = folder.path("bin/python");
    let script =
        format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", real.display(), folder.path("bin/gated.py").display());
    folder.write("bin/python", script);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&gated, executable).expect("an executable");
    Some(gated)
}

const GATED: &str = r#"
import builtins, os, re, subprocess, sys, time
real = builtins.compile
def compile(source, *rest, **options):
    text = bytes(source)
    gate = re.search(rb"gate: (\S+)", text)
    if gate:
        name = os.fsdecode(gate[1])
        open(name + ".reached", "w").close()
        while not os.path.exists(name + ".open"):
            time.sleep(0.002)
    if b"prints" in text:
        print("stray print", flush=True)
        os.write(1, b"stray write\n")
        sys.__stdout__.write("stray")
        subprocess.run(["/bin/sh", "-c", "echo stray child; echo stray child >&2; cat"])
    return real(source, *rest, **options)
builtins.compile = compile
driver = sys.argv[sys.argv.index("-c") + 1]
exec(real(driver, "<driver>", "exec"), {"__name__": "__main__"})
"#;

/// A source that waits at a gate.
pub(crate) fn gated_source(folder: &Folder, gate: &str) -> String {
    format!("x = 1  # gate: {}\n", folder.path(gate).display())
}

/// Waits until a source is at its gate.
pub(crate) fn wait_for_gate(folder: &Folder, gate: &str) {
    wait_until(&format!("a source at the gate {gate}"), || folder.exists(format!("{gate}.reached")));
}

pub(crate) fn open_gate(folder: &Folder, gate: &str) {
    folder.write(format!("{gate}.open"), "");
}

/// Waits for something outside this process.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(2));
    }
}

/// `prepyc-worker` in a folder, with the environment Bazel gives it.
pub(crate) fn command(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prepyc-worker"));
    command.current_dir(folder.path("")).env_clear();
    command.env("PYTHONHASHSEED", "0").env("PYTHONNOUSERSITE", "1").env("PYTHONSAFEPATH", "1");
    command
}

/// A one-shot run.
pub(crate) fn run(folder: &Folder, arguments: &[impl AsRef<OsStr>]) -> Output {
    command(folder).args(arguments).stdin(Stdio::null()).output().expect("the worker runs")
}

/// The arguments that compile one source.
pub(crate) fn triple(source: &str, source_name: &str, pyc: &str) -> Vec<String> {
    let arguments = ["--src", source, "--src_name", source_name, "--pyc", pyc, "--python_version", VERSION];
    arguments.map(str::to_owned).to_vec()
}

/// A request to compile one source to one pyc.
pub(crate) fn request(id: i32, source: &str, pyc: &str) -> WorkRequest {
    WorkRequest { arguments: triple(source, source, pyc), request_id: id, ..WorkRequest::default() }
}

pub(crate) fn cancel(id: i32) -> WorkRequest {
    WorkRequest { request_id: id, cancel: true, ..WorkRequest::default() }
}

/// A worker process that serves.
pub(crate) struct Worker {
    child: Child,
    protocol: Protocol,
    requests: Option<ChildStdin>,
    responses: Receiver<Result<WorkResponse, String>>,
    stderr: Option<JoinHandle<String>>,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

impl Worker {
    /// Starts `prepyc-worker --persistent_worker` with an interpreter that compiles everything.
    pub(crate) fn start_interpreted(
        folder: &Folder,
        protocol: Protocol,
        python: &Path,
        arguments: &[&str],
    ) -> Worker {
        Worker::start(folder, protocol, python, &[arguments, &["--engine", "interpreter"]].concat())
    }

    /// Starts `prepyc-worker --persistent_worker` with an interpreter that it may not need.
    pub(crate) fn start(folder: &Folder, protocol: Protocol, python: &Path, arguments: &[&str]) -> Worker {
        let mut command = command(folder);
        command.arg("--persistent_worker").arg("--python").arg(python).args(arguments);
        Worker::spawn(command, protocol)
    }

    /// Starts a command that serves.
    pub(crate) fn spawn(mut command: Command, protocol: Protocol) -> Worker {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the worker starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, responses) = mpsc::channel();
        thread::spawn(move || {
            let mut reader = ResponseReader::new(protocol, BufReader::new(stdout));
            while let Some(response) = reader.read().map_err(|error| error.to_string()).transpose() {
                let failed = response.is_err();
                if sender.send(response).is_err() || failed {
                    return;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).expect("the log");
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let requests = child.stdin.take();
        Worker { child, protocol, requests, responses, stderr: Some(stderr) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send(&mut self, request: &WorkRequest) {
        let input = self.requests.as_mut().expect("the input is open");
        write_request(self.protocol, request, input).expect("the worker reads");
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.requests.as_mut().expect("the input is open");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the worker reads");
    }

    /// The next response.
    pub(crate) fn receive(&mut self) -> WorkResponse {
        match self.responses.recv_timeout(PATIENCE) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => panic!("something else than a response on standard output: {error}"),
            Err(error) => panic!("no response: {error}; {:?}", self.kill()),
        }
    }

    /// So many responses, by id.
    pub(crate) fn receive_sorted(&mut self, count: usize) -> Vec<WorkResponse> {
        let mut responses: Vec<_> = (0..count).map(|_| self.receive()).collect();
        responses.sort_by_key(|response| response.request_id);
        responses
    }

    pub(crate) fn send_signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let process = rustix::process::Pid::from_raw(id).expect("a process id");
        rustix::process::kill_process(process, signal).expect("the worker takes signals");
    }

    /// Ends its input and waits for it; there must be no response that was not received.
    pub(crate) fn finish(mut self) -> Ended {
        self.requests = None;
        self.wait()
    }

    /// Waits for it to end by itself.
    pub(crate) fn wait(mut self) -> Ended {
        match self.responses.recv_timeout(PATIENCE) {
            Err(mpsc::RecvTimeoutError::Disconnected) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end; {:?}", self.kill()),
            Ok(unexpected) => panic!("a response too many: {unexpected:?}"),
        }
        let status = self.child.wait().expect("it ended");
        let stderr = self.stderr.take().map(|log| log.join().expect("the log")).unwrap_or_default();
        Ended { code: status.code(), stderr }
    }

    fn kill(&mut self) -> String {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ended");
        self.stderr.take().map(|log| log.join().expect("the log")).unwrap_or_default()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Only a test that failed leaves one running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asserts that a request was done, with nothing to say.
#[track_caller]
pub(crate) fn assert_done(response: &WorkResponse, id: i32) {
    assert_eq!(*response, WorkResponse { request_id: id, ..WorkResponse::default() });
}

/// Asserts that a request was answered as cancelled.
#[track_caller]
pub(crate) fn assert_cancelled(response: &WorkResponse, id: i32) {
    assert_eq!(*response, WorkResponse { request_id: id, was_cancelled: true, ..WorkResponse::default() });
}
