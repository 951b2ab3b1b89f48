//! `prepyc`: the command line for people. What it does is in `prepyc::commands`.

use std::process::ExitCode;

fn main() -> ExitCode {
    prepyc::commands::main()
}
