//! What the two binaries share: arguments, reports and exit codes. Only this crate touches the world.

pub mod commands;
pub mod worker;
