//! What tests need of the machine they run on: the real interpreters, the corpora, and an honest way to skip.
//!
//! A dev-dependency of the crates and a dependency of `xtask`, which installs what is looked for here.
//! With `CI=true` whatever our own scripts install has to be there: a test that would skip fails instead.

mod corpus;
mod oracle;
mod package;
pub mod recorded;
mod skip;
pub mod tree;

pub use corpus::Corpus;
pub use oracle::{Oracle, oracles_dir};
pub use package::{Package, corpora_dir};
pub use skip::{SKIP_LOG, running_in_ci, skip};

/// `~/.cache`, where everything stands that the project's scripts fetch.
fn cache_dir() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache")
}
