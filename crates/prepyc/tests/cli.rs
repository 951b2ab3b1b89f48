//! Runs the transcripts of `tests/cli`: command lines with what they print. `tests/cli/readme.test` says how they are written.

mod transcript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use prepyc_testing::{Oracle, skip};
use snapbox::{Assert, Data};

use transcript::{Sandbox, Transcript};

/// The interpreter that every transcript finds as `$PYTHON`.
const DEFAULT_VERSION: &str = "3.13";

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("tests/cli is there")
        .map(|entry| entry.expect("its names can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "test"))
        .collect();
    files.sort();
    let to_trial = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Trial::test(name.clone(), move || check(&name, &path))
    };
    libtest_mimic::run(&Arguments::from_args(), files.into_iter().map(to_trial).collect()).exit_code()
}

fn check(name: &str, path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let transcript = Transcript::parse(&text)?;
    let test = format!("cli::{name}");
    for version in transcript.versions().chain([DEFAULT_VERSION]) {
        if Oracle::find_or_skip(version, &test).is_none() {
            return Ok(());
        }
    }
    let sandbox = Sandbox::new(&transcript)?;
    if transcript.needs("mount") && !sandbox.can_mount() {
        skip(&test, "mounting a file system needs root");
        return Ok(());
    }
    let actual = transcript.run(&sandbox)?;
    let assert = Assert::new().normalize_paths(false);
    let expected = Data::text(text.clone());
    if std::env::var_os("BLESS").is_some() {
        let (blessed, _) = assert.normalize(Data::text(transcript::redact(&actual)), expected);
        let blessed = blessed.render().expect("it is text");
        if blessed != text {
            fs::write(path, blessed)?;
        }
        return Ok(());
    }
    assert.try_eq(Some(&test), Data::text(actual), expected).map_err(|error| Failed::from(error.to_string()))
}
