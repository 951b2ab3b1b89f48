//! The engine against real interpreters, and against ones that misbehave.

mod bad_interpreters;
mod hostile_disks;
mod interpreters;
mod native;
mod pycs;
mod sources;
mod support;
