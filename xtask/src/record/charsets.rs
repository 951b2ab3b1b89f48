//! `cargo xtask record charsets`: which characters CPython's codecs read, into the decoder's folder.
//!
//! They are the same in all versions; a few names for them are younger than others.

use anyhow::{Context, bail};
use prepyc_testing::{Oracle, oracles_dir};

use crate::workspace;

/// The version that is asked.
const VERSION: &str = "3.13";

/// Asks and writes.
pub(crate) fn run() -> anyhow::Result<()> {
    let Some(oracle) = Oracle::find(VERSION) else {
        bail!("no CPython {VERSION} in {}; run cargo xtask oracles", oracles_dir().display());
    };
    let script = workspace::root().join("xtask/src/record/charsets.py");
    let written = workspace::root().join("crates/prepyc_syntax/src/decode/charsets.txt");
    workspace::run(oracle.command().arg(script).arg(written)).context("recording charsets")?;
    super::several_bytes::run(&oracle)
}
