//! `cargo xtask record opcodes`: asks the real interpreters what their bytecode is, and keeps the answers as
//! `crates/prepyc_version/data/3.x.json`. `cargo xtask gen` makes tables of them.

use anyhow::{Context, bail};
use prepyc_testing::{Oracle, oracles_dir};

use crate::{r#gen, workspace};

/// What `cargo xtask record opcodes` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Versions such as 3.13; without any, all.
    versions: Vec<String>,
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let known = r#gen::VERSIONS.map(str::to_owned);
    let versions = if arguments.versions.is_empty() { &known[..] } else { &arguments.versions };
    for version in versions {
        if !known.contains(version) {
            bail!("{version} is not one of {}", known.join(", "));
        }
        let oracle = Oracle::find(version).with_context(|| {
            format!("no CPython {version} in {}; run cargo xtask oracles", oracles_dir().display())
        })?;
        let mut command = oracle.command();
        // The WebAssembly interpreter takes a script's path, nothing else.
        command.arg(workspace::root().join("xtask/src/record/opcodes.py"));
        command.arg(r#gen::facts_path(version));
        workspace::run(&mut command)?;
    }
    Ok(())
}
