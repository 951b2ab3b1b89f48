//! Placeholder entry point, replaced with its command line.
fn main() {}
