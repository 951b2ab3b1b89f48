//! What tests need of the machine they run on: the real interpreters, the corpora, and an honest way to skip.
//!
//! A dev-dependency of the crates and a dependency of `xtask`, which installs what is looked for here.
//! With `CI=true` whatever our own scripts install has to be there: a test that would skip fails instead.

mod oracle;
mod skip;

pub use oracle::{Oracle, corpora_dir, oracles_dir};
pub use skip::{SKIP_LOG, running_in_ci, skip};
