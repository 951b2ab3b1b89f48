//! `cargo xtask stages`: what CPython's code generator emits for the snippets in `tests/stages`, and what becomes of it,
//! into `tests/oracle/3.x/stages`. The compiler's stage tests read it.

use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context, bail};
use prepyc_testing::Oracle;

use crate::workspace;

/// Does the recording, in the interpreter recorded.
const RECORDER: &str = include_str!("stages.py");

/// The versions whose interpreters hand out what their compilers emit, and whose passes are written.
const VERSIONS: [&str; 2] = ["3.13", "3.14"];

/// What `cargo xtask stages` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Records all snippets with all interpreters.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    let tests = workspace::root().join("tests");
    let mut snippets: Vec<_> = fs::read_dir(tests.join("stages"))
        .context("tests/stages")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    snippets.retain(|path| path.extension() == Some(OsStr::new("py")));
    snippets.sort();
    for version in VERSIONS {
        let Some(oracle) = Oracle::find(version) else {
            bail!("no CPython {version}: run cargo xtask oracles");
        };
        let folder = tests.join("oracle").join(version).join("stages");
        fs::create_dir_all(&folder)?;
        for snippet in &snippets {
            let name = snippet.file_name().map(Path::new).context("a file has a name")?;
            let output = oracle.command().args(["-c", RECORDER, "list"]).arg(snippet).arg(name).output()?;
            if !output.status.success() {
                bail!("{}: {}", snippet.display(), String::from_utf8_lossy(&output.stderr));
            }
            fs::write(folder.join(name).with_extension("txt"), &output.stdout)?;
        }
    }
    Ok(())
}
