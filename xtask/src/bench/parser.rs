//! Bytes to a tree, in memory, one thread: `prepyc_syntax` against `ruff_python_parser`, by way of `prepyc_bench`.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use prepyc_testing::{Oracle, Package};

use super::figures::Table;
use crate::workspace;

/// The wheels whose sources are parsed, besides the standard library.
const WHEELS: [&str; 2] = ["django", "sympy"];

/// How many times each parser takes each file: of a file the quickest counts.
const ROUNDS: &str = "15";

/// Measures both over the standard library without its tests and over the wheels that are unpacked.
pub(super) fn measure(version: &str, table: &mut Table) -> anyhow::Result<()> {
    let oracle = Oracle::find(version).with_context(|| format!("no CPython {version}"))?;
    let mut corpora = vec![("the standard library".to_owned(), oracle.stdlib())];
    for package in Package::all().iter().filter(|package| WHEELS.contains(&package.name)) {
        corpora.push((package.name.to_owned(), package.folder()));
    }
    for (name, folder) in corpora.into_iter().filter(|(_, folder)| folder.is_dir()) {
        let mut sources = Vec::new();
        list_sources(&folder, &mut sources)?;
        let [files, size, theirs, ours] = measure_files(version, &sources)?;
        let megabytes = size / 1e6;
        let what =
            format!("parsing {name}, {files} files, {megabytes:.1} MB, one thread: `ruff_python_parser`");
        table.add_seconds(what, theirs, ours);
    }
    Ok(())
}

/// The sources below the folder, without tests where they are a library's own.
fn list_sources(folder: &Path, sources: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if path.is_dir() {
            if !["test", "idle_test", "site-packages", "__pycache__"].contains(&name) {
                list_sources(&path, sources)?;
            }
        } else if path.is_file() && path.extension() == Some(OsStr::new("py")) {
            sources.push(path);
        }
    }
    Ok(())
}

/// Files, bytes, their seconds and ours.
fn measure_files(version: &str, sources: &[PathBuf]) -> anyhow::Result<[f64; 4]> {
    let mut list = tempfile::NamedTempFile::new()?;
    for source in sources {
        writeln!(list, "{}", source.display())?;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    cargo.args(["run", "--release", "--quiet", "--package", "prepyc_bench", "--", version, ROUNDS]);
    super::figures(cargo.arg(list.path()))
}
