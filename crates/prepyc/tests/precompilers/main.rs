//! `prepyc build` with precompilers of the workspace's own: good ones of every kind, bad ones; and builds of what is there already.

mod bad;
mod good;
mod reuse;
mod workspace;
