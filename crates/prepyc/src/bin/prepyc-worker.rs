//! rules_python's precompiler for Bazel. See `prepyc-worker --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    prepyc::worker::main(std::env::args_os().skip(1))
}
