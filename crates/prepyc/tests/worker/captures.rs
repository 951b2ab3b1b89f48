//! Requests recorded from real Bazel, replayed byte for byte.
//!
//! Their sources are made up in a folder with the sandbox directories they name. As Bazel did, a request is only sent
//! when its id and its output are free; a cancel is sent where it stood, and may come too late.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use prepyc_protocol::{Inputs, Protocol, RequestReader, WorkRequest, WorkResponse, detect, write_request};

use crate::support::{Folder, MAGIC, Worker, data_folder, python};

pub(crate) fn trials() -> Vec<Trial> {
    let folder = data_folder().join("captures");
    let entries = fs::read_dir(&folder).expect("tests/worker/captures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no captures in {}", folder.display());
    let trial = |path: PathBuf| {
        let name = format!("capture_{}", path.file_stem().expect("a name").to_string_lossy());
        Trial::test(name.clone(), move || {
            replay(&path, &name);
            Ok(())
        })
    };
    paths.into_iter().map(trial).collect()
}

fn replay(path: &Path, name: &str) {
    let Some(python) = python(name) else { return };
    let recorded = fs::read(path).expect("the capture");
    let extension = path.extension().and_then(|extension| extension.to_str());
    let protocol = if extension == Some("bin") { Protocol::Proto } else { Protocol::Json };
    assert_eq!(detect(&recorded[..]).expect("bytes in memory").0, Some(protocol), "the format");
    let messages = split(protocol, &recorded);
    let folder = Folder::new();
    let mut worker = Worker::start(&folder, protocol, &python, &[]);
    let mut replay = Replay { folder: &folder, outstanding: BTreeMap::new(), done: 0, cancelled: 0 };
    let mut requests = 0;
    for (request, bytes) in &messages {
        if !request.cancel {
            requests += 1;
            let pyc = pyc_of(request);
            // Two builds of one worker are recorded one after the other: the second began when the first had ended.
            while replay.outstanding.contains_key(&request.request_id)
                || replay.outstanding.values().any(|other| *other == pyc)
            {
                replay.take(worker.receive());
            }
            replay.prepare(request);
        }
        worker.send_bytes(bytes);
    }
    while !replay.outstanding.is_empty() {
        replay.take(worker.receive());
    }
    let ended = worker.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(replay.done + replay.cancelled, requests);
    let cancels = messages.len() - requests;
    assert!(replay.cancelled <= cancels, "{} answered as cancelled, of {cancels}", replay.cancelled);
}

/// The messages, each with the bytes it was recorded as.
fn split(protocol: Protocol, recorded: &[u8]) -> Vec<(WorkRequest, Vec<u8>)> {
    let mut reader = RequestReader::new(protocol, Inputs::Keep, recorded);
    let mut requests = Vec::new();
    while let Some(request) = reader.read().expect("a recorded request") {
        requests.push(request);
    }
    let pieces: Vec<Vec<u8>> = match protocol {
        Protocol::Json => recorded.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect(),
        Protocol::Proto => requests
            .iter()
            .map(|request| {
                let mut bytes = Vec::new();
                write_request(protocol, request, &mut bytes).expect("a vector takes bytes");
                bytes
            })
            .collect(),
    };
    assert_eq!(pieces.concat(), recorded, "the pieces are what was recorded");
    assert_eq!(pieces.len(), requests.len());
    requests.into_iter().zip(pieces).collect()
}

fn pyc_of(request: &WorkRequest) -> PathBuf {
    path_of(request, "--pyc")
}

/// The path that an option names, as the worker is to understand it.
fn path_of(request: &WorkRequest, option: &str) -> PathBuf {
    let at = request.arguments.iter().position(|argument| argument == option).expect("the option");
    Path::new(&request.sandbox_dir).join(&request.arguments[at + 1])
}

struct Replay<'a> {
    folder: &'a Folder,
    /// The pyc that each unanswered request is to make.
    outstanding: BTreeMap<i32, PathBuf>,
    done: usize,
    cancelled: usize,
}

impl Replay<'_> {
    /// Makes its source, and the sandbox as Bazel leaves it: an output directory, and no output.
    fn prepare(&mut self, request: &WorkRequest) {
        let (source, pyc) = (path_of(request, "--src"), pyc_of(request));
        self.folder.write(&source, format!("name = {:?}\n", source.display().to_string()));
        // One that is left from an earlier request of this replay; there may be none.
        let _ = fs::remove_file(self.folder.path(&pyc));
        self.outstanding.insert(request.request_id, pyc);
    }

    fn take(&mut self, response: WorkResponse) {
        let pyc = self.outstanding.remove(&response.request_id).expect("a response to a request");
        assert_eq!((response.exit_code, response.output.as_str()), (0, ""));
        if response.was_cancelled {
            assert!(!self.folder.exists(&pyc), "{} was made all the same", pyc.display());
            self.cancelled += 1;
        } else {
            assert!(self.folder.read(&pyc).starts_with(&MAGIC), "{}", pyc.display());
            self.done += 1;
        }
    }
}
