//! `cargo xtask corpus`: the wheels of `tests/packages.txt`, fetched, checked and unpacked outside the clone.
//!
//! What is unpacked already is left alone. A wheel appears unpacked as a whole or not at all, so a run that was
//! interrupted is simply taken up by the next. Only Python files are unpacked.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use prepyc_testing::{Package, corpora_dir};
use sha2::{Digest, Sha256};

use crate::workspace;

/// What `cargo xtask corpus` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// The machine the wheels are for, whatever machine this is: their Python files are the same to all who test.
const PLATFORM: [&str; 16] = [
    "--python-version",
    "3.13",
    "--implementation",
    "cp",
    "--abi",
    "cp313",
    "--abi",
    "abi3",
    "--abi",
    "none",
    "--platform",
    "any",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "manylinux2014_x86_64",
];

/// Fetches and unpacks what is missing.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    let packages = Package::all();
    let missing: Vec<_> = packages.iter().filter(|package| !package.folder().is_dir()).collect();
    let corpora = corpora_dir();
    if !missing.is_empty() {
        fs::create_dir_all(&corpora).with_context(|| corpora.display().to_string())?;
        let work = tempfile::Builder::new().prefix(".new-").tempdir_in(&corpora)?;
        fetch(&missing, work.path())?;
    }
    let (all, new) = (packages.len(), missing.len());
    writeln!(io::stdout().lock(), "corpus: {all} packages in {}, {new} of them new", corpora.display())?;
    Ok(())
}

/// So many downloads run side by side.
const DOWNLOADS: usize = 4;

/// How often a download is tried.
const ATTEMPTS: usize = 3;

/// Fetches the wheels into folders below `work` and unpacks each to its place.
fn fetch(missing: &[&Package], work: &Path) -> anyhow::Result<()> {
    let share = missing.len().div_ceil(DOWNLOADS);
    std::thread::scope(|scope| {
        let downloads: Vec<_> = missing
            .chunks(share)
            .enumerate()
            .map(|(number, packages)| {
                let folder = work.join(number.to_string());
                scope.spawn(move || fetch_share(packages, &folder))
            })
            .collect();
        downloads.into_iter().try_for_each(|download| download.join().expect("a download does not panic"))
    })
}

/// Fetches some of them with one pip, and unpacks them.
fn fetch_share(packages: &[&Package], folder: &Path) -> anyhow::Result<()> {
    let mut requirements = String::new();
    for package in packages {
        writeln!(requirements, "{}=={} --hash=sha256:{}", package.name, package.version, package.sha256)?;
    }
    fs::create_dir_all(folder)?;
    let list = folder.join("requirements.txt");
    fs::write(&list, requirements)?;
    let mut attempt = 1;
    loop {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--retries", "10", "--require-hashes", "--only-binary", ":all:"]).args(PLATFORM);
        pip.arg("--dest").arg(folder).arg("--requirement").arg(&list);
        match workspace::run(&mut pip) {
            Ok(()) => break,
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
    packages.iter().try_for_each(|package| {
        unpack(package, folder).with_context(|| format!("unpacking {}", package.wheel))
    })
}

/// Checks a fetched wheel's hash and unpacks it: beside its place first, then there by one rename.
fn unpack(package: &Package, work: &Path) -> anyhow::Result<()> {
    let wheel = work.join(package.wheel);
    let bytes = fs::read(&wheel).with_context(|| wheel.display().to_string())?;
    let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if sha256 != package.sha256 {
        bail!("its SHA-256 is {sha256}, not {}", package.sha256);
    }
    let unpacked = work.join(package.name);
    let mut archive = zip::ZipArchive::new(File::open(&wheel)?)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let path = entry.enclosed_name().context("a path that leads out of the wheel")?;
        if entry.is_file() && path.extension().is_some_and(|extension| extension == "py") {
            let path = unpacked.join(path);
            fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
            io::copy(&mut entry, &mut File::create(path)?)?;
        }
    }
    match fs::rename(&unpacked, package.folder()) {
        Err(_) if package.folder().is_dir() => Ok(()), // another run was quicker
        outcome => outcome.context("moving it to its place"),
    }
}
