//! The same source, path, options and version give the same bytes, whatever way they are asked for.
//!
//! The tree is three real packages. Each test compiles it in one way, by each engine, and compares with a plain `-j 1` run
//! of a copy.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prepyc_protocol::{Client, Plexing, Protocol, WorkRequest};
use prepyc_testing::Oracle;
use prepyc_testing::tree::{self, Pycs, assert_same, read_pycs};
use tempfile::TempDir;

const VERSION: &str = "3.13";
const PACKAGES: [&str; 3] = ["docutils", "pytest", "requests"];

/// A copy of the tree that is not compiled yet, and what it has to become.
struct Fixture {
    engine: Engine,
    copy: TempDir,
    wanted: Pycs,
}

/// What compiles.
#[derive(Clone)]
enum Engine {
    Native,
    Interpreter(Oracle),
}

impl Engine {
    /// The arguments that either binary takes.
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Engine::Native => vec!["--engine".into(), "native".into()],
            Engine::Interpreter(oracle) => {
                let python = oracle.executable().as_os_str().to_owned();
                vec!["--engine".into(), "interpreter".into(), "--python".into(), python]
            }
        }
    }
}

impl Fixture {
    /// One for each engine.
    fn all(test: &str) -> Vec<Fixture> {
        let interpreter = Oracle::find_or_skip(VERSION, test).map(Engine::Interpreter);
        let engines = [Some(Engine::Native), interpreter];
        engines.into_iter().flatten().filter_map(|engine| Fixture::new(engine, test)).collect()
    }

    fn new(engine: Engine, test: &str) -> Option<Fixture> {
        let (reference, copy) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        for folder in [&reference, &copy] {
            if !tree::copy_packages(&PACKAGES, folder.path(), test) {
                return None;
            }
        }
        compile(&engine, reference.path(), &["-j", "1"], None);
        let wanted = read_pycs(reference.path());
        assert!(wanted.len() > 200, "{} pycs are enough to compare", wanted.len());
        Some(Fixture { engine, copy, wanted })
    }

    fn root(&self) -> &Path {
        self.copy.path()
    }

    fn assert_compiled(&self) {
        assert_same(&read_pycs(self.root()), &self.wanted);
    }

    /// The precompiler's arguments for one source of the copy.
    fn worker_arguments(&self, source: &Path) -> Vec<String> {
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let stem = source.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        let pyc = Path::new("__pycache__").join(format!("{stem}.cpython-313.pyc"));
        [
            "--invalidation_mode".to_owned(),
            "checked_hash".to_owned(),
            "--src".to_owned(),
            text(&self.root().join(source)),
            "--src_name".to_owned(),
            text(source),
            "--pyc".to_owned(),
            text(&self.root().join(source).with_file_name(pyc)),
            "--optimize".to_owned(),
            "0".to_owned(),
            "--python_version".to_owned(),
            VERSION.to_owned(),
        ]
        .to_vec()
    }

    fn worker(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prepyc-worker"));
        command.args(self.engine.arguments());
        command
    }
}

/// Compiles the tree with what `prepyc-worker` needs too: hashes for headers, paths relative to the tree.
fn compile(engine: &Engine, root: &Path, arguments: &[&str], files_from: Option<&Path>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prepyc"));
    command.args(["compile", "--progress", "never", "--python-version", VERSION]).args(engine.arguments());
    command.env_remove("SOURCE_DATE_EPOCH").env_remove("VIRTUAL_ENV").stdin(Stdio::null());
    command.args(["--invalidation-mode", "checked-hash", "--strip-prefix"]).arg(root).args(arguments);
    match files_from {
        Some(list) => command.arg("--files-from").arg(list),
        None => command.arg(root),
    };
    let output = command.output().expect("prepyc starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn with_two_jobs() {
    for fixture in Fixture::all("with_two_jobs") {
        compile(&fixture.engine, fixture.root(), &["-j", "2"], None);
        fixture.assert_compiled();
    }
}

#[test]
fn in_a_second_run() {
    for fixture in Fixture::all("in_a_second_run") {
        compile(&fixture.engine, fixture.root(), &["-j", "2"], None);
        compile(&fixture.engine, fixture.root(), &["-j", "2", "--force"], None);
        fixture.assert_compiled();
    }
}

#[test]
fn in_reversed_order() {
    for fixture in Fixture::all("in_reversed_order") {
        let mut sources = tree::files(fixture.root(), "py");
        sources.reverse();
        let lines: Vec<String> = sources
            .iter()
            .map(|path| fixture.root().join(path).to_str().expect("UTF-8").to_owned())
            .collect();
        let list = fixture.root().join("list.txt");
        fs::write(&list, lines.join("\n")).expect("a list");
        compile(&fixture.engine, fixture.root(), &["-j", "2"], Some(&list));
        fixture.assert_compiled();
    }
}

#[test]
fn by_the_one_shot_worker_all_files_in_one_process() {
    for fixture in Fixture::all("by_the_one_shot_worker_all_files_in_one_process") {
        let mut parameters = Vec::new();
        for source in tree::files(fixture.root(), "py") {
            let mut arguments = fixture.worker_arguments(&source);
            if !parameters.is_empty() {
                // Only the triple is repeated.
                arguments = arguments[2..8].to_vec();
            }
            parameters.extend(arguments);
        }
        let file = fixture.root().join("all.params");
        fs::write(&file, parameters.join("\n")).expect("a parameter file");
        let status =
            fixture.worker().arg(format!("@{}", file.display())).status().expect("prepyc-worker starts");
        assert!(status.success());
        fixture.assert_compiled();
    }
}

#[test]
fn by_the_one_shot_worker_a_process_for_each_file() {
    for fixture in Fixture::all("by_the_one_shot_worker_a_process_for_each_file") {
        let sources: Vec<PathBuf> = tree::files(fixture.root(), "py")
            .into_iter()
            .filter(|path| path.starts_with("requests"))
            .collect();
        for source in &sources {
            let status = fixture.worker().args(fixture.worker_arguments(source)).status();
            assert!(status.expect("prepyc-worker starts").success());
        }
        let wanted: Pycs = fixture
            .wanted
            .iter()
            .filter(|(path, _)| path.starts_with("requests"))
            .map(|(p, b)| (p.clone(), b.clone()))
            .collect();
        assert_eq!(wanted.len(), sources.len());
        assert_same(&read_pycs(fixture.root()), &wanted);
    }
}

#[test]
fn by_a_json_singleplex_worker() {
    check_worker("by_a_json_singleplex_worker", Protocol::Json, Plexing::Singleplex);
}

#[test]
fn by_a_json_multiplex_worker() {
    check_worker("by_a_json_multiplex_worker", Protocol::Json, Plexing::Multiplex);
}

#[test]
fn by_a_proto_singleplex_worker() {
    check_worker("by_a_proto_singleplex_worker", Protocol::Proto, Plexing::Singleplex);
}

#[test]
fn by_a_proto_multiplex_worker() {
    check_worker("by_a_proto_multiplex_worker", Protocol::Proto, Plexing::Multiplex);
}

fn check_worker(test: &str, protocol: Protocol, plexing: Plexing) {
    for fixture in Fixture::all(test) {
        let mut command = fixture.worker();
        command.arg("--persistent_worker").stderr(Stdio::inherit());
        let client = Client::spawn(command, protocol, plexing).expect("prepyc-worker starts");
        let mut replies = Vec::new();
        // Backwards, so that the order is another one than that of prepyc compile.
        for source in tree::files(fixture.root(), "py").iter().rev() {
            let request =
                WorkRequest { arguments: fixture.worker_arguments(source), ..WorkRequest::default() };
            replies.push(client.submit(request).expect("a request is taken"));
            if plexing == Plexing::Singleplex {
                let response = replies.pop().expect("just pushed").wait().expect("an answer");
                assert_eq!((response.exit_code, response.output.as_str()), (0, ""), "{}", source.display());
            }
        }
        for reply in replies {
            let response = reply.wait().expect("an answer");
            assert_eq!(response.exit_code, 0, "{}", response.output);
        }
        assert!(client.close().expect("it ends").success());
        fixture.assert_compiled();
    }
}
