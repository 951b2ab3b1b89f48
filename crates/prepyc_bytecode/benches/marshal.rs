//! How long reading and writing marshal takes: `cargo bench -p prepyc_bytecode --bench marshal -- FOLDER ROUNDS`.
//!
//! Prints `BYTES READ WRITE` for all pycs below the folder: the size of their bodies in bytes, and the medians of
//! the seconds it took to read them all and to write them all. `cargo xtask bench` makes a table of it.

use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use prepyc_bytecode::Pyc;

fn main() -> io::Result<()> {
    // cargo adds a `--bench` of its own.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [folder, rounds] = &arguments[..] else { return Err(io::Error::other("FOLDER ROUNDS are needed")) };
    let rounds: usize = rounds.parse().map_err(io::Error::other)?;
    let mut files = Vec::new();
    read_pycs(Path::new(folder), &mut files)?;
    let (mut reads, mut writes, mut size_bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        let pycs: Vec<_> = files.iter().map(|bytes| Pyc::decode(bytes).map_err(io::Error::other)).collect();
        reads.push(start.elapsed().as_secs_f64());
        let pycs = pycs.into_iter().collect::<io::Result<Vec<_>>>()?;
        let start = Instant::now();
        size_bytes = pycs.iter().map(|pyc| black_box(pyc.encode()).len()).sum();
        writes.push(start.elapsed().as_secs_f64());
    }
    writeln!(io::stdout().lock(), "{size_bytes} {} {}", median(reads), median(writes))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn read_pycs(folder: &Path, files: &mut Vec<Vec<u8>>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_pycs(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "pyc") {
            files.push(std::fs::read(path)?);
        }
    }
    Ok(())
}
