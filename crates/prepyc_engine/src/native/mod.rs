//! Compiling by prepyc's own compiler: threads, and CPython's words for what it finds wrong.

mod compile;
mod fallback;
mod pool;
mod words;

pub(crate) use fallback::Fallback;
pub(crate) use pool::NativePool;
