//! What is compiled for.

use std::fmt;
use std::path::PathBuf;

use prepyc_version::{Magic, PyRelease, PyVersion};

/// The Python whose pycs are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The release of CPython whose final bytecode format this is.
    ///
    /// `None` for what prepyc does not know (a pre-release with a magic number of its own, a newer release, another
    /// implementation): the interpreter's own marshal bytes then pass through unchanged.
    pub release: Option<PyRelease>,
    /// What its pycs begin with.
    pub magic: Magic,
    /// The TAG of `__pycache__/STEM.TAG.pyc`.
    pub cache_tag: String,
    /// The interpreter that said so, if one was asked.
    pub interpreter: Option<InterpreterVersion>,
}

/// What an interpreter says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterpreterVersion {
    /// What was started.
    pub executable: PathBuf,
    /// `sys.implementation.name`: `cpython`, `pypy`.
    pub implementation: String,
    /// `sys.version_info`: major.
    pub major: u32,
    /// `sys.version_info`: minor.
    pub minor: u32,
    /// `sys.version_info`: micro, the patch release.
    pub micro: u32,
    /// `sys.version_info`: `alpha`, `beta`, `candidate` or `final`.
    pub release_level: String,
    /// `sys.version_info`: the number of the alpha, beta or candidate.
    pub serial: u32,
}

/// An interpreter that cannot be compiled with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Older than the oldest release whose header is known.
    #[error("{} is Python {}.{}.{}; the oldest that works is 3.8", .0.executable.display(), .0.major, .0.minor, .0.micro)]
    TooOld(InterpreterVersion),
    /// A final release that writes another magic number than all others of its minor.
    #[error(
        "{} says that it is Python {}.{}.{} and that its magic number is {}, but that of {expected} is {}: it is no CPython, or a changed one",
        .interpreter.executable.display(), .interpreter.major, .interpreter.minor, .interpreter.micro,
        .magic.0, .expected.magic().0
    )]
    WrongMagic {
        /// Who says so.
        interpreter: InterpreterVersion,
        /// What it says.
        magic: Magic,
        /// The release it claims to be.
        expected: PyRelease,
    },
    /// Not four bytes ending in `\r\n`.
    #[error("{} says that its magic number is {magic:02x?}, which no CPython could load", .interpreter.executable.display())]
    MalformedMagic {
        /// Who says so.
        interpreter: InterpreterVersion,
        /// What it says.
        magic: Vec<u8>,
    },
}

impl Target {
    /// The target that no interpreter is needed for.
    pub fn from_release(release: PyRelease) -> Target {
        Target {
            release: Some(release),
            magic: release.magic(),
            cache_tag: release.cache_tag(),
            interpreter: None,
        }
    }

    /// The target that an interpreter describes.
    ///
    /// A final CPython release must have its minor's magic number. Pre-releases may have another, and are then
    /// passed through under their own magic number and tag, as are newer releases and other implementations.
    /// Without a cache tag (`sys.implementation.cache_tag` is None) the tag is `NAME-MAJORMINOR`.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn from_interpreter(
        interpreter: InterpreterVersion,
        magic: &[u8],
        cache_tag: Option<String>,
    ) -> Result<Target, TargetError> {
        if (interpreter.major, interpreter.minor) < OLDEST {
            return Err(TargetError::TooOld(interpreter));
        }
        let Some(number) = <[u8; 4]>::try_from(magic).ok().and_then(Magic::from_bytes) else {
            return Err(TargetError::MalformedMagic { interpreter, magic: magic.to_vec() });
        };
        let claimed = known_release(&interpreter);
        let release = claimed.filter(|release| release.magic() == number);
        if let (Some(expected), None, "final") = (claimed, release, interpreter.release_level.as_str()) {
            return Err(TargetError::WrongMagic { interpreter, magic: number, expected });
        }
        let cache_tag = cache_tag.unwrap_or_else(|| {
            format!("{}-{}{}", interpreter.implementation, interpreter.major, interpreter.minor)
        });
        Ok(Target { release, magic: number, cache_tag, interpreter: Some(interpreter) })
    }

    /// The version whose code objects prepyc reads and writes; `None` where the interpreter's marshal bytes pass through.
    pub fn version(&self) -> Option<PyVersion> {
        self.release.and_then(PyRelease::version)
    }
}

/// The oldest release that any part of prepyc knows.
const OLDEST: (u32, u32) = (3, PyRelease::ALL[0].minor() as u32);

fn known_release(interpreter: &InterpreterVersion) -> Option<PyRelease> {
    if interpreter.implementation != "cpython" {
        return None;
    }
    let major = u8::try_from(interpreter.major).ok()?;
    let minor = u8::try_from(interpreter.minor).ok()?;
    PyRelease::from_number(major, minor)
}

impl fmt::Display for Target {
    /// `CPython 3.13`, `CPython 3.13.2 (/usr/bin/python3)`, `pypy 3.11.4 (…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.interpreter, self.release) {
            (Some(interpreter), _) => write!(f, "{interpreter}"),
            (None, Some(release)) => write!(f, "CPython {release}"),
            (None, None) => f.write_str(&self.cache_tag),
        }
    }
}

impl fmt::Display for InterpreterVersion {
    /// `CPython 3.13.2 (/usr/bin/python3)`; a pre-release as `3.16.0a4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.implementation == "cpython" { "CPython" } else { &self.implementation };
        write!(f, "{name} {}.{}.{}", self.major, self.minor, self.micro)?;
        match self.release_level.as_str() {
            "final" => {}
            "alpha" => write!(f, "a{}", self.serial)?,
            "beta" => write!(f, "b{}", self.serial)?,
            _ => write!(f, "rc{}", self.serial)?,
        }
        write!(f, " ({})", self.executable.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(implementation: &str, minor: u32, release_level: &str) -> InterpreterVersion {
        InterpreterVersion {
            executable: "/bin/python".into(),
            implementation: implementation.into(),
            major: 3,
            minor,
            micro: 4,
            release_level: release_level.into(),
            serial: 2,
        }
    }

    fn target(implementation: &str, minor: u32, level: &str, magic: u16) -> Result<Target, TargetError> {
        let magic = Magic(magic).to_bytes();
        Target::from_interpreter(interpreter(implementation, minor, level), &magic, Some("some-tag".into()))
    }

    #[test]
    fn final_releases_are_known_by_minor_and_magic() {
        for release in PyRelease::ALL {
            let magic = release.magic();
            let target = target("cpython", release.minor().into(), "final", magic.0).unwrap();
            assert_eq!((target.release, target.magic), (Some(release), magic));
            assert_eq!(Target::from_release(release).version(), target.version());
        }
    }

    #[test]
    fn what_is_unknown_passes_through_under_its_own_magic_and_tag() {
        for (implementation, minor, level, magic) in
            [("cpython", 13, "alpha", 3560), ("cpython", 16, "final", 3700), ("pypy", 11, "final", 336)]
        {
            let target = target(implementation, minor, level, magic).unwrap();
            assert_eq!((target.release, target.version()), (None, None));
            assert_eq!((target.magic, target.cache_tag.as_str()), (Magic(magic), "some-tag"));
        }
        // A candidate writes what the final release writes.
        assert!(target("cpython", 13, "candidate", 3571).unwrap().version().is_some());
    }

    #[test]
    fn unusable_interpreters_are_refused() {
        let wrong = target("cpython", 13, "final", 3495).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "/bin/python says that it is Python 3.13.4 and that its magic number is 3495, but that of 3.13 is 3571: \
             it is no CPython, or a changed one"
        );
        assert!(matches!(target("cpython", 7, "final", 3394), Err(TargetError::TooOld(_))));
        for magic in [&b"\xf3\x0d"[..], b"\xf3\x0d\n\n", b"\xf3\x0d\r\n\n", b""] {
            let refused = Target::from_interpreter(interpreter("cpython", 13, "final"), magic, None);
            assert!(matches!(refused, Err(TargetError::MalformedMagic { .. })), "{refused:?}");
        }
    }

    #[test]
    fn a_missing_cache_tag_is_made_up() {
        let magic = Magic(336).to_bytes();
        let target = Target::from_interpreter(interpreter("pypy", 11, "final"), &magic, None).unwrap();
        assert_eq!(target.cache_tag, "pypy-311");
        assert_eq!(target.to_string(), "pypy 3.11.4 (/bin/python)");
        assert_eq!(interpreter("cpython", 16, "beta").to_string(), "CPython 3.16.4b2 (/bin/python)");
    }
}
