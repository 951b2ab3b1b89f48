//! Workspaces in temporary folders, loaded, and what came of them.

mod errors;
mod packages;
mod repositories;
mod workspace;
