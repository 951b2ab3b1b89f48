//! What kind of worker an action wants, by its tool's execution requirements and the options.

use std::num::NonZeroUsize;

use prepyc_protocol::{Plexing, Protocol};

use crate::action::Program;
use crate::digest::{Digest, FieldHasher};
use crate::options::WorkerOptions;
use crate::strategy::ProgramSpawn;

/// A kind of worker. Requests of one kind may go to any process of it.
#[derive(Debug)]
pub(crate) struct WorkerSpec {
    /// Equal for equal kinds: start-up command line, environment, files by digest and place, and all that follows.
    pub(crate) key: Digest,
    pub(crate) mnemonic: String,
    /// With the start-up arguments.
    pub(crate) program: Program,
    /// Of where its files are.
    pub(crate) places: Digest,
    pub(crate) protocol: Protocol,
    pub(crate) plexing: Plexing,
    pub(crate) sandboxing: Sandboxing,
    /// Whether it may be asked to give a request up.
    pub(crate) cancellable: bool,
    pub(crate) verbosity: i32,
    /// Processes of this kind.
    pub(crate) max_instances: usize,
    /// Requests at once in one of them.
    pub(crate) max_requests: usize,
}

/// What keeps a worker's requests from anything but their own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sandboxing {
    /// Nothing: it runs in the execution root.
    None,
    /// The process runs in a folder of its own, which holds the files of one request at a time.
    Folder,
    /// The same, and each request has a directory in it.
    Directory,
}

/// `--worker_verbose`, as Bazel says it in requests.
const VERBOSE: i32 = 10;

impl WorkerSpec {
    /// The kind of worker, or why there is none.
    pub(crate) fn new(spawn: &ProgramSpawn<'_>, options: &WorkerOptions) -> Result<WorkerSpec, String> {
        let (program, mnemonic) = (spawn.program, spawn.prepared.action.mnemonic);
        let multiplex = program.requires("supports-multiplex-workers") && options.multiplex;
        if !multiplex && !program.requires("supports-workers") {
            return Err("its tool does not say supports-workers".to_owned());
        }
        if program.files.is_empty() {
            return Err("its tool declares no files, so nobody could tell when it is another".to_owned());
        }
        if spawn.prepared.action.arguments.is_empty() {
            return Err("it has no params file".to_owned());
        }
        let protocol = match program.requirements.get("requires-worker-protocol") {
            None => Protocol::Proto,
            Some(name) => name.parse().map_err(|error| format!("requires-worker-protocol: {error}"))?,
        };
        let directories = program.requires("supports-multiplex-sandboxing") && options.multiplex_sandboxing;
        let sandboxing = match (multiplex, directories, options.sandboxing) {
            (true, true, _) => Sandboxing::Directory,
            (true, false, _) | (false, _, false) => Sandboxing::None,
            (false, _, true) => Sandboxing::Folder,
        };
        let mut started = program.clone();
        started.command.push("--persistent_worker".to_owned());
        started.command.extend(options.extra_flags.get(mnemonic).iter().cloned());
        let mnemonic = program.requirements.get("worker-key-mnemonic").map_or(mnemonic, String::as_str);
        let instances = options.max_instances.get(mnemonic);
        let requests = options.max_multiplex_instances.get(mnemonic);
        let (max_instances, max_requests) = match multiplex {
            true => (NonZeroUsize::MIN.get(), requests.get()),
            false => (instances.get(), NonZeroUsize::MIN.get()),
        };
        let mut spec = WorkerSpec {
            key: spawn.tool.digest,
            mnemonic: mnemonic.to_owned(),
            program: started,
            places: spawn.tool.places,
            protocol,
            plexing: if multiplex { Plexing::Multiplex } else { Plexing::Singleplex },
            sandboxing,
            cancellable: options.cancellation && program.requires("supports-worker-cancellation"),
            verbosity: if options.verbose { VERBOSE } else { 0 },
            max_instances,
            max_requests,
        };
        spec.key = spec.digest(spawn);
        Ok(spec)
    }

    fn digest(&self, spawn: &ProgramSpawn<'_>) -> Digest {
        let mut hasher = FieldHasher::new("prepyc worker 1");
        hasher.text(&self.mnemonic);
        hasher.digest(spawn.tool.digest);
        hasher.digest(spawn.tool.places);
        hasher.count(self.program.command.len());
        self.program.command.iter().for_each(|argument| hasher.text(argument));
        hasher.count(self.program.environment.len());
        for (name, value) in &self.program.environment {
            hasher.text(name);
            hasher.text(value);
        }
        hasher.text(&self.protocol.to_string());
        hasher.bytes(&[self.plexing as u8, self.sandboxing as u8, u8::from(self.cancellable)]);
        hasher.finish()
    }
}
