//! `cargo xtask gen`: writes `crates/prepyc_version/src/tables/*.rs` from the recorded facts.
//!
//! Each file is a function of the facts alone, so a test can tell whether what is committed is what would be written.

mod facts;
mod render;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::workspace;
use facts::Facts;

/// The versions that facts are recorded of, oldest first.
pub(crate) const VERSIONS: [&str; 5] = ["3.11", "3.12", "3.13", "3.14", "3.15"];

/// What `cargo xtask gen` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a table is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Where the facts about a version stand.
pub(crate) fn facts_path(version: &str) -> PathBuf {
    workspace::root().join(format!("crates/prepyc_version/data/{version}.json"))
}

/// Runs the chore.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for (path, text) in generate()? {
        let fresh = fs::read_to_string(&path).is_ok_and(|old| old == text);
        match (fresh, arguments.check) {
            (true, _) => {}
            (false, true) => bail!("{} is stale; run cargo xtask gen", path.display()),
            (false, false) => fs::write(&path, text).with_context(|| path.display().to_string())?,
        }
    }
    Ok(())
}

/// All generated files: paths and texts.
fn generate() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut all = Vec::new();
    for version in VERSIONS {
        let path = facts_path(version);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let facts: Facts = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        all.push((version, facts));
    }
    let folder = workspace::root().join("crates/prepyc_version/src/tables");
    let mut files = vec![(folder.join("opcode.rs"), render::opcode_enum(&all))];
    for (version, facts) in &all {
        let text = render::table(version, facts, &all).with_context(|| (*version).to_owned())?;
        files.push((folder.join(format!("py{}.rs", version.replace('.', ""))), text));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_tables_are_what_the_facts_say() {
        run(&Arguments { check: true }).unwrap();
    }
}
