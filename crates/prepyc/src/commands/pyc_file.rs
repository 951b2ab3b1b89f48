//! Reading a pyc for `inspect` and `diff`: any file may be named, so nothing about it is believed.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use prepyc_bytecode::{Program, PycHeader};
use prepyc_version::PyRelease;

use super::discovery::reason;
use super::path_text::shown;

/// No pyc is larger, in bytes: marshal's sizes have 31 bits.
const MAX_BYTES: u64 = 1 << 31;

/// A pyc, as far as it can be read.
#[derive(Debug)]
pub(crate) struct PycFile {
    /// Where it stands.
    pub(crate) path: PathBuf,
    /// Its header.
    pub(crate) header: PycHeader,
    /// What follows the header.
    pub(crate) body: Body,
    /// The same, as it stands in the file.
    pub(crate) body_bytes: Vec<u8>,
}

/// What follows a header.
#[derive(Debug)]
pub(crate) enum Body {
    /// Code objects.
    Program(Box<Program>),
    /// Code objects of a release whose format is not known; why, in words.
    Opaque(String),
}

impl PycFile {
    /// Reads a pyc.
    ///
    /// # Errors
    /// If it is no regular file, cannot be read, or is not what its header says.
    pub(crate) fn read(path: &Path) -> anyhow::Result<PycFile> {
        let bytes = read_regular(path)?;
        let malformed = |error| anyhow!("{}: {error}", shown(path));
        let header = PycHeader::decode(&bytes).map_err(malformed)?;
        let body_bytes = bytes[PycHeader::LENGTH..].to_vec();
        let body = match PyRelease::from_magic(header.magic) {
            None => Body::Opaque("its magic number is of no release that prepyc knows".to_owned()),
            Some(release) => match release.version() {
                None => Body::Opaque(format!("prepyc does not read the code objects of Python {release}")),
                Some(version) => {
                    let program = Program::from_marshal(&body_bytes, version).map_err(|mut error| {
                        error.offset += PycHeader::LENGTH;
                        malformed(error)
                    })?;
                    Body::Program(Box::new(program))
                }
            },
        };
        Ok(PycFile { path: path.to_owned(), header, body, body_bytes })
    }
}

fn read_regular(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = |error| anyhow!("cannot read {}: {}", shown(path), reason(&error));
    // Asked before opening: opening a FIFO would wait.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        bail!("{}: not a regular file", shown(path));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{}: larger than any pyc can be", shown(path));
    }
    Ok(bytes)
}
