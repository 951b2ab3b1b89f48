//! What the last builds made: for each output what it was made from and how it looked, so that what is up to date is not made again.
//!
//! One file, loaded at once and replaced whole. Without it everything is made again, which is all that its loss costs.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::codec::{Reader, Writer, read_bounded};
use crate::digest::Digest;
use crate::file_state::{FileDigests, FileState, Known, Stamp};

/// The first line of the file.
const FORMAT: &str = "prepyc ledger 1\n";
/// A larger file is not ours.
const LIMIT_BYTES: u64 = 1 << 30;
/// The least that an entry takes, in bytes.
const MIN_ENTRY_BYTES: usize = 8 + Digest::SIZE_BYTES;

/// What is known of outputs.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By the output's path.
    entries: HashMap<Box<[u8]>, Entry>,
    /// When the last run ended: a later change of an output shows if the output had settled by then.
    sealed: Option<Stamp>,
}

/// What became of the action that makes an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Digest,
    pub(crate) result: Recorded,
}

/// How an output was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It was made.
    Made { digest: Digest, state: FileState },
    /// It was not: the tool rejected the inputs, in these words.
    Rejected { text: String },
}

/// What is known of an action without running it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All its outputs are what it would make.
    UpToDate,
    /// It would be rejected, in these words.
    Rejected(String),
    /// It has to be run.
    Unknown,
}

impl Ledger {
    /// Loads the ledger, and the digests of files that were read; nothing of either where there is none, or no good one. The
    /// last says what is wrong with it.
    pub(crate) fn load(path: &Path) -> (Ledger, FileDigests, Option<String>) {
        let useless = |problem: Option<String>| (Ledger::default(), FileDigests::default(), problem);
        match read_bounded(path, LIMIT_BYTES) {
            Ok(bytes) => match decode(&bytes) {
                Some((ledger, files)) => (ledger, FileDigests::from_earlier(files), None),
                None => useless(Some(format!("{}: damaged, so everything is made again", path.display()))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => useless(None),
            Err(error) => useless(Some(format!(
                "{}: cannot be read, so everything is made again: {error}",
                path.display()
            ))),
        }
    }

    /// Replaces the file.
    pub(crate) fn save(&mut self, path: &Path, digests: &FileDigests) -> io::Result<()> {
        self.sealed = Some(Stamp::now());
        let bytes = self.encode(digests);
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".ledger-").tempfile_in(folder)?;
        file.write_all(&bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whether the files are what an action of that key makes.
    pub(crate) fn judge<'a>(&self, key: Digest, outputs: impl IntoIterator<Item = &'a Path>) -> Verdict {
        let mut rejected = None;
        for path in outputs {
            match self.entries.get(path.as_os_str().as_bytes()) {
                Some(entry) if entry.key == key => match &entry.result {
                    Recorded::Made { digest, state } if self.stands(path, *digest, state) => {}
                    Recorded::Made { .. } => return Verdict::Unknown,
                    Recorded::Rejected { text } => rejected = Some(text),
                },
                _ => return Verdict::Unknown,
            }
        }
        rejected.map_or(Verdict::UpToDate, |text| Verdict::Rejected(text.clone()))
    }

    /// Whether a file is still what it was; it is read only where its state cannot tell.
    fn stands(&self, path: &Path, digest: Digest, state: &FileState) -> bool {
        let Ok(metadata) = fs::symlink_metadata(path) else { return false };
        if !metadata.is_file() || metadata.len() != state.size_bytes {
            return false;
        }
        let settled = self.sealed.is_some_and(|sealed| state.is_settled_at(sealed));
        if settled && FileState::of(&metadata) == *state {
            return true;
        }
        read_bounded(path, state.size_bytes).is_ok_and(|bytes| Digest::of(&bytes) == digest)
    }

    /// Notes what became of an output.
    pub(crate) fn note(&mut self, path: &Path, entry: Entry) {
        self.entries.insert(path.as_os_str().as_bytes().into(), entry);
    }

    /// Forgets an output; says whether anything was known of it.
    pub(crate) fn forget(&mut self, path: &Path) -> bool {
        self.entries.remove(path.as_os_str().as_bytes()).is_some()
    }

    /// How many outputs are known.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets outputs and files that are gone.
    pub(crate) fn prune(&mut self, digests: &FileDigests) {
        self.entries.retain(|path, _| fs::symlink_metadata(OsStr::from_bytes(path)).is_ok());
        digests.lock().retain(|path, _| fs::symlink_metadata(path).is_ok());
    }

    fn encode(&self, digests: &FileDigests) -> Vec<u8> {
        let mut writer = Writer::new(FORMAT);
        writer.stamp(self.sealed.unwrap_or_else(Stamp::now));
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(path, _)| *path);
        writer.number(entries.len() as u64);
        for (path, Entry { key, result }) in entries {
            writer.bytes(path);
            writer.digest(*key);
            match result {
                Recorded::Made { digest, state } => {
                    writer.byte(0);
                    writer.digest(*digest);
                    writer.state(state);
                }
                Recorded::Rejected { text } => {
                    writer.byte(1);
                    writer.bytes(text.as_bytes());
                }
            }
        }
        let known = digests.lock();
        let mut files: Vec<_> = known.iter().filter(|(_, known)| known.settled).collect();
        files.sort_unstable_by_key(|(path, _)| path.as_os_str());
        writer.number(files.len() as u64);
        for (path, Known { state, digest, .. }) in files {
            writer.bytes(path.as_os_str().as_bytes());
            writer.state(state);
            writer.digest(*digest);
        }
        writer.finish()
    }
}

type Loaded = (Ledger, HashMap<PathBuf, Known>);

fn decode(bytes: &[u8]) -> Option<Loaded> {
    let mut reader = Reader::open(FORMAT, bytes)?;
    let sealed = Some(reader.stamp()?);
    let count = reader.count(MIN_ENTRY_BYTES)?;
    let mut entries = HashMap::with_capacity(count);
    for _ in 0..count {
        let path = reader.bytes()?;
        let key = reader.digest()?;
        let result = match reader.byte()? {
            0 => Recorded::Made { digest: reader.digest()?, state: reader.state()? },
            1 => Recorded::Rejected { text: String::from_utf8(reader.bytes()?.to_vec()).ok()? },
            _ => return None,
        };
        entries.insert(path.into(), Entry { key, result });
    }
    let count = reader.count(MIN_ENTRY_BYTES)?;
    let mut files = HashMap::with_capacity(count);
    for _ in 0..count {
        let path = PathBuf::from(OsStr::from_bytes(reader.bytes()?));
        let (state, digest) = (reader.state()?, reader.digest()?);
        files.insert(path, Known { state, digest, settled: true });
    }
    reader.is_done().then_some((Ledger { entries, sealed }, files))
}
