//! Names the revision of everything that decides a pyc's bytes, so that caches outlive neither a change of the compiler
//! nor one of how pycs are written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The crates a pyc goes through, and this one.
const CRATES: [&str; 6] = [
    "prepyc_bytecode",
    "prepyc_compiler",
    "prepyc_engine",
    "prepyc_execution/src/precompiler",
    "prepyc_syntax",
    "prepyc_version",
];

fn main() -> io::Result<()> {
    let mut hasher = Sha256::new();
    for name in CRATES {
        let folder = match name.split_once('/') {
            None => Path::new("..").join(name).join("src"),
            Some(_) => Path::new("..").join(name),
        };
        let mut files = Vec::new();
        list(&folder, &mut files)?;
        files.sort();
        for file in files {
            let bytes = fs::read(&file)?;
            let name = file.to_string_lossy().into_owned();
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        emit("rerun-if-changed", &folder.to_string_lossy());
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    emit("rustc-env", &format!("PREPYC_COMPILER_REVISION={digest}"));
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A line to cargo.
fn emit(name: &str, value: &str) {
    println!("cargo::{name}={value}");
}
