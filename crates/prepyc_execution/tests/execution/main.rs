//! Executors on made-up trees, with tools of a few lines each.

mod bad_worker;
mod builtin;
mod one_shot;
mod reuse;
mod worker;
mod workspace;
