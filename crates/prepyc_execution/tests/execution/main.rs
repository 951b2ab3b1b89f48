//! Executors on made-up trees, with tools of a few lines each.

mod builtin;
mod reuse;
mod workspace;
