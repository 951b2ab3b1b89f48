//! `prepyc build` with precompilers of the workspace's own: good ones of every kind.

mod good;
mod workspace;
