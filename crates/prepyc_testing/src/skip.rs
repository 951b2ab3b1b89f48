//! Skipping a test honestly: said in one line, counted by `cargo xtask ci`, never done with `CI=true`.

use std::fs::OpenOptions;
use std::io::{self, Write};

/// The environment variable naming a file to which every skip is added as a line; `cargo xtask ci` sets it.
pub const SKIP_LOG: &str = "PREPYC_SKIP_LOG";

/// Whether this is a run in continuous integration (`CI` is set to something other than `0` or `false`).
pub fn running_in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

/// Says that the test `name` is skipped and why; the caller then returns.
///
/// # Panics
/// With `CI=true`: what a test needs is installed by the project's own scripts, so its absence is a failure.
pub fn skip(name: &str, reason: &str) {
    let line = format!("skipped: {name}: {reason}\n");
    assert!(!running_in_ci(), "with CI=true nothing may be skipped: {name}: {reason}");
    // Straight to the handle: the test harness shows it even where the test passes.
    io::stderr().lock().write_all(line.as_bytes()).expect("stderr takes a line");
    if let Some(log) = std::env::var_os(SKIP_LOG) {
        let mut log = OpenOptions::new().append(true).create(true).open(log).expect("the skip log opens");
        log.write_all(line.as_bytes()).expect("the skip log takes a line");
    }
}
