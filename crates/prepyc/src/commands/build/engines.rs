//! What compiles in this process: natively where that can be, else by an interpreter of that version.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use prepyc_engine::{Engine, has_native_compiler};
use prepyc_version::{PyRelease, PyVersion};

use crate::commands::files::EngineChoice;
use crate::commands::target::{Choice, Named, find_on_path, start_interpreter};

/// Where engines come from.
#[derive(Clone, Debug)]
pub(super) struct Engines {
    /// `--engine`
    pub(super) choice: EngineChoice,
    /// `--python`, if it was given.
    pub(super) named: Option<PathBuf>,
    /// Interpreters of toolchains, by version.
    pub(super) of_toolchains: Vec<(PyRelease, PathBuf)>,
    /// PATH.
    pub(super) search_path: OsString,
    /// How many files are compiled at once.
    pub(super) jobs: NonZeroUsize,
}

impl Engines {
    /// An engine for a release, or one line that says why there is none.
    pub(super) fn start(&self, release: PyRelease) -> Result<Arc<Engine>, String> {
        let native = PyVersion::ALL.into_iter().find(|version| PyRelease::from(*version) == release);
        let native = native.filter(|version| has_native_compiler(*version));
        match (self.choice, native) {
            (EngineChoice::Auto | EngineChoice::Native, Some(version)) => {
                let engine = Engine::native(version, self.jobs.get());
                engine.map(Arc::new).ok_or_else(|| format!("there is no native compiler for {release}"))
            }
            (EngineChoice::Native, None) => Err(format!(
                "--engine=native: this prepyc has no native compiler for {release}; leave --engine out and name an \
                 interpreter with --python"
            )),
            (EngineChoice::Auto | EngineChoice::Interpreter, _) => self.interpreter(release),
        }
    }

    fn interpreter(&self, release: PyRelease) -> Result<Arc<Engine>, String> {
        let of_toolchains = self
            .of_toolchains
            .iter()
            .filter(|(version, _)| *version == release)
            .map(|(_, path)| path.clone());
        let mut interpreters: Vec<PathBuf> = self.named.iter().cloned().chain(of_toolchains).collect();
        interpreters.extend(find_on_path(format!("python{release}"), &self.search_path));
        if interpreters.is_empty() {
            return Err(format!(
                "this prepyc compiles for {release} by an interpreter, and there is no python{release} on PATH; \
                 name one with --python"
            ));
        }
        let choice = Choice {
            release: Some(release),
            said_by: "the target's toolchain".to_owned(),
            interpreters,
            named: Named::No,
        };
        start_interpreter(&choice, self.jobs).map(Arc::new).map_err(|error| format!("{error:#}"))
    }
}
