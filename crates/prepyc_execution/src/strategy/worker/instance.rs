//! One worker process: its folder, its log, and what to say of it when it fails.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prepyc_protocol::{Client, ClientError, Plexing, ProcessEnd};

use super::spec::{Sandboxing, WorkerSpec};
use crate::action::Action;
use crate::guardian::{Guardian, Watched};
use crate::options::Limits;
use crate::outcome::ExecutionError;
use crate::strategy::folder::{ExecutionRoot, Folder, state};
use crate::strategy::process::{TAIL_BYTES, cannot_start, command_of, name_of, tail};

/// How long a worker that ended its output may take to end itself, so that we can say how.
const END_TIME: Duration = Duration::from_millis(500);

/// A running worker.
#[derive(Debug)]
pub(crate) struct Instance {
    /// Until the client goes, which comes next and waits for the process.
    watched: Watched,
    client: Client,
    name: String,
    log: PathBuf,
    pub(crate) place: Place,
    /// The exec paths of its files.
    tool: BTreeSet<String>,
    /// Whether it is not to be used any more.
    doomed: AtomicBool,
}

/// Where a worker runs.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the execution root.
    Root,
    /// In a folder of its own.
    Own(Folder),
}

impl Instance {
    /// Starts the worker of that number below `workers`.
    pub(crate) fn start(
        spec: &WorkerSpec,
        number: usize,
        workers: &Path,
        root: &ExecutionRoot,
        guardian: &Arc<Guardian>,
    ) -> Result<Instance, ExecutionError> {
        let kind = if spec.plexing == Plexing::Multiplex { "multiplex-worker" } else { "worker" };
        let stem = format!("{kind}-{number}-{}", spec.mnemonic.replace('/', "_"));
        let log = workers.join(format!("{stem}.log"));
        let errors = File::create(&log).map_err(|error| state(&log, error))?;
        let place = match spec.sandboxing {
            Sandboxing::None => Place::Root,
            Sandboxing::Folder | Sandboxing::Directory => {
                let folder = Folder::make_anew(workers.join(&stem).join("_main"))?;
                spec.program.files.iter().try_for_each(|file| folder.link(file))?;
                Place::Own(folder)
            }
        };
        let folder = match &place {
            Place::Root => {
                root.link_tool(&spec.program.files, spec.places)?;
                root.folder()
            }
            Place::Own(folder) => folder,
        };
        let mut command = command_of(&spec.program, folder.path());
        command.stderr(errors);
        let client = Client::spawn(command, spec.protocol, spec.plexing)
            .map_err(|error| cannot_start(&spec.program, &error))?;
        let name = format!("{number} of {} ({})", spec.mnemonic, name_of(&spec.program));
        let tool = spec.program.files.iter().map(|file| file.exec_path.clone()).collect();
        Ok(Instance {
            watched: guardian.watch(client.process_id()),
            client,
            name,
            log,
            place,
            tool,
            doomed: AtomicBool::new(false),
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    /// Ends it and whatever it started; it gets no more requests.
    pub(crate) fn kill(&self) {
        self.doomed.store(true, Ordering::Relaxed);
        self.client.kill();
    }

    /// Whether it can be sent anything.
    pub(crate) fn is_usable(&self) -> bool {
        !self.doomed.load(Ordering::Relaxed) && self.client.over().is_none()
    }

    /// What it did wrong though it was asked for nothing; `None` if it merely ended.
    pub(crate) fn complaint(&self) -> Option<String> {
        let why = self.client.over().filter(|_| !self.doomed.load(Ordering::Relaxed))?;
        (why != "it ended its output")
            .then(|| self.problem(format!("broke the protocol after its last answer: {why}")).to_string())
    }

    /// It broke while it was asked something.
    pub(crate) fn broke(&self, error: &ClientError, limits: &Limits) -> ExecutionError {
        let end = self.client.wait_for_end(END_TIME.min(limits.grace));
        self.kill();
        let end = match end {
            Some(ProcessEnd::Exit(status)) => format!("exit status {status}"),
            Some(ProcessEnd::Signal(signal)) => format!("ended by signal {signal}"),
            None => "killed for it".to_owned(),
        };
        let why = match error {
            ClientError::NoAnswer(why) => format!("did not answer: {why}"),
            ClientError::Write(why) => format!("did not take the request: {why}"),
            ClientError::AnsweredTwice => "answered the request twice".to_owned(),
        };
        self.problem(format!("{why}; {end}"))
    }

    /// What it did wrong, with its last words.
    pub(crate) fn problem(&self, problem: String) -> ExecutionError {
        ExecutionError::Worker {
            program: self.name.clone(),
            problem,
            log: self.log.clone(),
            tail: tail(&end_of(&self.log)),
        }
    }

    /// One of the action's outputs in the folder of the worker itself, where each request has a directory of its own.
    pub(crate) fn output_beside_sandboxes(&self, folder: &Folder, action: &Action) -> Option<PathBuf> {
        let outputs = action.outputs.iter().map(|output| PathBuf::from(&output.exec_path));
        let stray = { outputs }.find(|path| fs::symlink_metadata(folder.path().join(path)).is_ok())?;
        let _ = fs::remove_file(folder.path().join(&stray));
        Some(stray)
    }

    /// What else it wrote into its own folder, where each request has a directory of its own: nobody knows over which of them.
    pub(crate) fn strays(&self) -> Option<String> {
        let Place::Own(folder) = &self.place else { return None };
        let entries = fs::read_dir(folder.path()).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
        let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let stray = names.filter(|name| !self.tool.contains(name)).min()?;
        let _ = fs::remove_file(folder.path().join(&stray));
        Some(self.problem(format!("wrote {stray} outside of all sandbox directories")).to_string())
    }

    /// Ends its input and waits for it to leave; after that it is killed.
    pub(crate) fn close(self, time: Duration) {
        let Instance { client, watched, .. } = self;
        drop(watched);
        client.close_within(time);
    }
}

/// Closes a worker once nobody uses it.
pub(crate) fn close(instance: Arc<Instance>, time: Duration) {
    if let Some(instance) = Arc::into_inner(instance) {
        instance.close(time);
    }
}

/// The end of a file, as text; nothing where it cannot be read.
fn end_of(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let start = length.saturating_sub(TAIL_BYTES as u64);
        if file.seek(SeekFrom::Start(start)).is_ok() {
            let _ = file.take(TAIL_BYTES as u64).read_to_end(&mut bytes);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
