//! `prepyc build`, `run`, `test`, `zip`, `explain`, `report`: what Bazel would make of a workspace's Python targets.

mod options;
mod patterns;
mod workspace;
