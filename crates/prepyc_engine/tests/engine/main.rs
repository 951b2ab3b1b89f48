//! The engine against real interpreters, and against ones that misbehave.

mod bad_interpreters;
mod hostile_disks;
mod interpreters;
mod pycs;
mod sources;
mod support;
