//! Compiles each `tests/errors/*.py` and holds what prepyc says against the `.stderr` beside it, by either engine.
//!
//! What a source is rejected for is CPython's to say: the messages are those of the 3.13 that `xtask oracles` installs,
//! which is what `BLESS=1` writes. The native engine has to find the same words without it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use prepyc_testing::Oracle;
use snapbox::{Assert, Data};

/// The interpreter whose messages are recorded.
const VERSION: &str = "3.13";

const ENGINES: [&str; 2] = ["interpreter", "native"];
/// The native engine shows a long line whole, of which CPython shows the first 999 bytes.
const NOT_NATIVE: [&str; 1] = ["long_integer"];

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/errors");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("tests/errors is there")
        .map(|entry| entry.expect("its names can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    files.sort();
    let to_trials = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let engines = if NOT_NATIVE.contains(&name.as_str()) { &ENGINES[..1] } else { &ENGINES };
        let to_trial = |&engine: &&'static str| {
            let (name, path) = (name.clone(), path.clone());
            Trial::test(format!("{name}_{engine}"), move || check(&name, &path, engine))
        };
        engines.iter().map(to_trial).collect::<Vec<_>>()
    };
    libtest_mimic::run(&Arguments::from_args(), files.into_iter().flat_map(to_trials).collect()).exit_code()
}

fn check(name: &str, path: &Path, engine: &str) -> Result<(), Failed> {
    let test = format!("errors::{name}_{engine}");
    let mut target = vec!["--engine".into(), engine.into(), "--python-version".into(), VERSION.into()];
    if engine == "interpreter" {
        let Some(oracle) = Oracle::find_or_skip(VERSION, &test) else { return Ok(()) };
        target.extend(["--python".into(), oracle.executable().as_os_str().to_owned()]);
    }
    let folder = tempfile::tempdir()?;
    let file = format!("{name}.py");
    fs::copy(path, folder.path().join(&file))?;
    let output = Command::new(env!("CARGO_BIN_EXE_prepyc"))
        .args(["compile", "--quiet"])
        .args(target)
        .arg(&file)
        .current_dir(folder.path())
        .env_remove("SOURCE_DATE_EPOCH")
        .output()?;
    let stderr = String::from_utf8(output.stderr)?;
    let rejected = stderr.contains("Error");
    if output.status.code() != Some(i32::from(rejected)) {
        return Err(format!("exit code {:?} with\n{stderr}", output.status.code()).into());
    }
    if !output.stdout.is_empty() {
        return Err("standard output is for results".into());
    }
    let expected = path.with_extension("stderr");
    if std::env::var_os("BLESS").is_some() && engine == "interpreter" {
        fs::write(expected, stderr)?;
        return Ok(());
    }
    let expected = Data::text(fs::read_to_string(expected)?).raw();
    Assert::new()
        .try_eq(Some(&test), Data::text(stderr), expected)
        .map_err(|error| Failed::from(error.to_string()))
}
