//! The real CPythons that tests hold our output against, as `cargo xtask oracles` installs them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cache_dir, skip};

/// A real CPython. `3.12` runs under WebAssembly: it takes a script and arguments, no `-c`, `-m` or standard input.
#[derive(Clone, Debug)]
pub struct Oracle {
    version: String,
    executable: PathBuf,
}

/// Where the interpreters are: `$PREPYC_ORACLES`, else `~/.cache/prepyc-oracles`.
pub fn oracles_dir() -> PathBuf {
    std::env::var_os("PREPYC_ORACLES").map_or_else(|| cache_dir().join("prepyc-oracles"), PathBuf::from)
}

impl Oracle {
    /// The interpreter of a version such as `3.13`, if it is installed.
    pub fn find(version: &str) -> Option<Oracle> {
        let executable = oracles_dir().join("bin").join(format!("python{version}"));
        executable.exists().then(|| Oracle { version: version.to_owned(), executable })
    }

    /// The interpreter of a version such as `3.13`; without it the test `test` is skipped, or fails with `CI=true`.
    ///
    /// # Panics
    /// As [`skip()`] does.
    pub fn find_or_skip(version: &str, test: &str) -> Option<Oracle> {
        let found = Oracle::find(version);
        if found.is_none() {
            skip(
                test,
                &format!("no CPython {version} in {}; run cargo xtask oracles", oracles_dir().display()),
            );
        }
        found
    }

    /// The version it was asked for by, such as `3.13`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The executable, to be handed to `prepyc --python`.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// A command that runs the interpreter, untouched by the environment's Python settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX"] {
            command.env_remove(name);
        }
        command.env("PYTHONHASHSEED", "0").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What a one-line program prints, without the newline at its end.
    ///
    /// # Panics
    /// When the interpreter can't be run or fails.
    pub fn evaluate(&self, program: impl AsRef<OsStr>) -> String {
        let output = self.command().arg("-c").arg(program).output().expect("the interpreter starts");
        assert!(
            output.status.success(),
            "{}: {}",
            self.executable.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8 from the interpreter").trim_end().to_owned()
    }

    /// The folder of its standard library.
    ///
    /// # Panics
    /// When the interpreter can't be run or fails.
    pub fn stdlib(&self) -> PathBuf {
        PathBuf::from(self.evaluate("import sysconfig; print(sysconfig.get_path('stdlib'))"))
    }
}
