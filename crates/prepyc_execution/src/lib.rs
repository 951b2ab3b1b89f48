//! Runs actions: an action is a command, inputs by digest and named outputs; strategies run it, a cache may spare it.
//!
//! It knows the precompiler's command line, but no targets and no BUILD files.
