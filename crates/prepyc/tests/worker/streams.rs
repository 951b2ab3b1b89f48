//! Tests that are files: what is sent to a worker, and what it has to answer. `tests/worker/README.md` tells the form.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use prepyc_protocol::{Protocol, WorkResponse, write_response};

use crate::support::{Ended, Folder, MAGIC, Worker, command, data_folder, python};

/// Stands for the test's folder, in what is sent and what is expected.
const FOLDER: &str = "$FOLDER";

/// What the lines of a stream file say.
#[derive(Debug)]
enum Step {
    /// `start: ARGUMENTS`: more arguments for the worker.
    Start(String),
    /// `file: PATH`, its content in the block below.
    File { path: String, content: String },
    /// `folder: PATH`.
    Folder(String),
    /// `send: TEXT`, or a block; `send-open:` without a line end after it.
    Send(String),
    /// `receive: RESPONSE`, so often as these lines say; their order is open.
    Receive(Range<usize>),
    /// `pyc: PATH`: it is there, and a pyc of the version.
    Pyc(String),
    /// `absent: PATH`.
    Absent(String),
    /// `exit: CODE`, after the input ended.
    Exit(i32),
    /// `stderr: TEXT`, after `exit`: the log contains it.
    Stderr(String),
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut paths: Vec<PathBuf> = fs::read_dir(data_folder())
        .expect("tests/worker")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stream"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no streams in {}", data_folder().display());
    let trial = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Trial::test(name.clone(), move || {
            for engine in ["native", "interpreter"] {
                check(&path, &name, engine);
            }
            Ok(())
        })
    };
    paths.into_iter().map(trial).collect()
}

fn check(path: &Path, name: &str, engine: &str) {
    let Some(python) = python(name) else { return };
    let text = fs::read_to_string(path).expect("the stream file");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let steps = parse(&lines);
    let folder = Folder::new();
    let start = steps.iter().filter_map(|step| match step {
        Step::Start(arguments) => Some(arguments.split_whitespace()),
        _ => None,
    });
    let mut command = command(&folder);
    command.arg("--persistent_worker").arg("--python").arg(python);
    command.args(["--engine", engine]).args(start.flatten());
    let mut worker = Some(Worker::spawn(command, Protocol::Json));
    let mut ended: Option<Ended> = None;
    let blessing = std::env::var_os("BLESS").is_some();
    for step in &steps {
        let running = worker.as_mut().ok_or("the worker has ended");
        match step {
            Step::Start(_) => {}
            Step::File { path, content } => folder.write(path, content),
            Step::Folder(path) => fs::create_dir_all(folder.path(path)).expect("a folder"),
            Step::Send(text) => {
                running.unwrap().send_bytes(text.replace(FOLDER, &folder_text(&folder)).as_bytes());
            }
            Step::Receive(expected) => {
                let received = receive(running.unwrap(), &folder, &lines[expected.clone()]);
                if blessing {
                    lines.splice(expected.clone(), received);
                } else {
                    assert_eq!(received, lines[expected.clone()], "{name} by {engine}");
                }
            }
            Step::Pyc(path) => {
                assert!(folder.read(path).starts_with(&MAGIC), "{name}: {path} is no pyc");
            }
            Step::Absent(path) => assert!(!folder.exists(path), "{name}: {path} is there"),
            Step::Exit(code) => {
                let end = worker.take().expect("one exit").finish();
                assert_eq!(end.code, Some(*code), "{name}: {end:?}");
                ended = Some(end);
            }
            Step::Stderr(text) => {
                let log = &ended.as_ref().expect("stderr stands after exit").stderr;
                assert!(log.contains(text), "{name}: {log}");
            }
        }
    }
    assert!(ended.is_some(), "{name}: it should say how the worker exits");
    if blessing {
        fs::write(path, lines.join("\n") + "\n").expect("the stream file");
    }
}

/// As many responses as are expected: those that are, in the order they are expected in, then the others.
fn receive(worker: &mut Worker, folder: &Folder, expected: &[String]) -> Vec<String> {
    let folder = folder_text(folder);
    let mut received: Vec<String> = expected
        .iter()
        .map(|_| format!("receive: {}", printed(&worker.receive())).replace(&folder, FOLDER))
        .collect();
    received.sort_by_key(|line| expected.iter().position(|other| other == line).unwrap_or(usize::MAX));
    received
}

fn folder_text(folder: &Folder) -> String {
    let path = folder.path("");
    path.to_string_lossy().trim_end_matches('/').to_owned()
}

fn printed(response: &WorkResponse) -> String {
    let mut bytes = Vec::new();
    write_response(Protocol::Json, response, &mut bytes).expect("a vector takes bytes");
    String::from_utf8(bytes).expect("JSON is UTF-8").trim_end().to_owned()
}

fn parse(lines: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let first = at;
        at += 1;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(':').unwrap_or_else(|| panic!("line {at}: no step: {line}"));
        let rest = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
        let mut block = String::new();
        while let Some(line) = lines.get(at).and_then(|line| line.strip_prefix('|')) {
            block.push_str(line.strip_prefix(' ').unwrap_or(line));
            block.push('\n');
            at += 1;
        }
        let text = if rest.is_empty() { block.clone() } else { format!("{rest}\n") };
        steps.push(match word {
            "start" => Step::Start(rest),
            "file" => Step::File { path: rest, content: block },
            "folder" => Step::Folder(rest),
            "send" => Step::Send(text),
            "send-open" => Step::Send(text.trim_end_matches('\n').to_owned()),
            "receive" => {
                while lines.get(at).is_some_and(|line| line.starts_with("receive:")) {
                    at += 1;
                }
                Step::Receive(first..at)
            }
            "pyc" => Step::Pyc(rest),
            "absent" => Step::Absent(rest),
            "exit" => Step::Exit(rest.parse().unwrap_or_else(|_| panic!("line {at}: no exit code: {line}"))),
            "stderr" => Step::Stderr(rest),
            _ => panic!("line {at}: no step: {line}"),
        });
    }
    steps
}
