//! What the toolchains say: whether there is a precompiler, and which Python the pycs are for.

use std::fmt;
use std::sync::Arc;

/// Who precompiles for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precompiler {
    /// The exec tools toolchain that is there by itself; `--exec_tools_toolchain` switches it off.
    Stock,
    /// One of an exec tools toolchain that the workspace registers.
    Registered,
    /// The exec tools toolchain has no precompiler.
    Missing,
    /// No exec tools toolchain fits.
    NoToolchain,
}

/// A Python by the two numbers that decide about bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PythonVersion {
    /// 3
    pub major: u32,
    /// 14, say
    pub minor: u32,
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The Python that a target will run on, as far as `py_runtime` tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Runtime {
    /// `pyc_tag`, where it is set.
    pub pyc_tag: Option<Arc<str>>,
    /// `implementation_name`; `cpython` where `py_runtime` does not set it, `None` where nothing is known.
    pub implementation_name: Option<Arc<str>>,
    /// `interpreter_version_info`
    pub python_version: Option<PythonVersion>,
}

impl Runtime {
    /// A CPython of that version.
    pub fn cpython(python_version: PythonVersion) -> Runtime {
        Runtime {
            pyc_tag: None,
            implementation_name: Some(Arc::from("cpython")),
            python_version: Some(python_version),
        }
    }

    /// One of which nothing is known at build time, such as the toolchain that looks for a Python when it runs.
    pub fn unknown() -> Runtime {
        Runtime { pyc_tag: None, implementation_name: None, python_version: None }
    }

    /// What stands before `.pyc` in `__pycache__`: the tag that is set, else the implementation and `MAJORMINOR`.
    pub fn effective_tag(&self) -> Option<Arc<str>> {
        if let Some(tag) = self.pyc_tag.as_ref().filter(|tag| !tag.is_empty()) {
            return Some(Arc::clone(tag));
        }
        let name = self.implementation_name.as_ref()?;
        let PythonVersion { major, minor } = self.python_version?;
        Some(Arc::from(format!("{name}-{major}{minor}")))
    }
}

/// Both toolchains of a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toolchain {
    /// Of the exec tools toolchain.
    pub precompiler: Precompiler,
    /// Of the target toolchain.
    pub runtime: Runtime,
}
