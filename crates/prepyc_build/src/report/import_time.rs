//! The time that a binary's imports take, with its pycs and without.
//!
//! Measured in processes of their own, on two trees made for it: the binary's, and the same without pycs and with the sources
//! that were left out. Two figures, because each is honest about something else:
//! * *Loading*: the code of every module of the binary is read, from its pyc or by compiling. Nothing of it is run.
//! * *Importing*: what the main file imports at its top is imported. The main file is read for its import statements and never
//!   run; the imported modules are run, as they are whenever the program starts, with their side effects. What functions
//!   import later is not counted.
//!
//! The interpreter's own start and the reading of the main file are outside of the clock. Rounds with and without take turns, one
//! before them is thrown away, so that all files are in memory: a cold disk is not measured.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wait_timeout::ChildExt;

use super::{FileKind, ReportError, ShippedFile};
use crate::launcher::{Interpreter, Launcher, Main};
use crate::runfiles::{RepositoryMapping, RunfilesEntry, RunfilesTree, write_tree};

const MEASURE: &str = include_str!("measure.py");

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
pub struct ImportMeasurement<'a> {
    /// The binary's files.
    pub files: &'a [ShippedFile],
    /// What runs, and with which folders to import from.
    pub launcher: &'a Launcher,
    /// How often each is measured; at least once.
    pub rounds: usize,
    /// How long one process may take.
    pub time_limit: Duration,
}

/// Times of several rounds, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Milliseconds {
    /// The one in the middle.
    pub median: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
}

/// The same work with pycs and without.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// With the binary's pycs.
    pub with_pycs: Milliseconds,
    /// With sources alone.
    pub without_pycs: Milliseconds,
}

/// A module that the main file imports and that could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFailure {
    /// Its name.
    pub name: String,
    /// The exception.
    pub reason: String,
}

/// What was measured of a binary's imports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImportTimes {
    /// The interpreter that imported.
    pub interpreter: String,
    /// How many rounds were measured.
    pub rounds: usize,
    /// Reading the code of every module, nothing run.
    pub loading: Comparison,
    /// How many modules that is.
    pub modules: usize,
    /// How many of them have a pyc.
    pub modules_from_pycs: usize,
    /// Importing what the main file imports; none where its source is not there or can't be read.
    pub importing: Option<Comparison>,
    /// How many of the binary's modules that brought in.
    pub imported: usize,
    /// How many of those came from pycs.
    pub imported_from_pycs: usize,
    /// What could not be imported, as it was with pycs.
    pub failures: Vec<ImportFailure>,
}

/// What a process is told.
#[derive(Serialize)]
struct Task<'a> {
    what: &'a str,
    root: String,
    folders: Vec<String>,
    main: Option<String>,
    main_source: Option<&'a Path>,
    package: &'a str,
    modules: Vec<String>,
    result: &'a Path,
}

/// What a process says.
#[derive(Deserialize)]
struct Answer {
    seconds: f64,
    #[serde(default)]
    failures: Vec<ImportFailure>,
    #[serde(default)]
    ours: usize,
    #[serde(default)]
    pycs: usize,
}

/// One of the two trees.
struct View {
    root: PathBuf,
    tree: RunfilesTree,
}

/// Measures the imports of a binary. Runs the modules that its main file imports.
///
/// # Errors
/// Where the trees can't be written, or the interpreter can't be run, fails or takes longer than the limit.
pub fn measure_imports(measurement: &ImportMeasurement<'_>) -> Result<ImportTimes, ReportError> {
    let folder = tempfile::Builder::new().prefix("prepyc-report-").tempdir();
    let folder = folder.map_err(ReportError::io(&std::env::temp_dir()))?;
    let with = view(folder.path(), "with", measurement.files, |_| true)?;
    let without = view(folder.path(), "without", measurement.files, |file| {
        file.kind != FileKind::Pyc || file.source.is_none()
    })?;
    let measure = |what: &str, view: &View| child(measurement, folder.path(), what, view);
    let alternating = |what: &str| -> Result<Option<(Comparison, Answer)>, ReportError> {
        let (mut fast, mut slow, mut last) = (Vec::new(), Vec::new(), None);
        for round in 0..=measurement.rounds.max(1) {
            let (Some(a), Some(b)) = (measure(what, &with)?, measure(what, &without)?) else {
                return Ok(None);
            };
            if round > 0 {
                fast.push(a.seconds * 1000.0);
                slow.push(b.seconds * 1000.0);
            }
            last = Some(a);
        }
        let comparison =
            Comparison { with_pycs: Milliseconds::of(fast), without_pycs: Milliseconds::of(slow) };
        Ok(last.map(|answer| (comparison, answer)))
    };
    let interpreter = interpreter(measurement, &with).display().to_string();
    let Some((loading, _)) = alternating("load")? else {
        return Err(ReportError::Interpreter { interpreter, reason: "it said nothing".into() });
    };
    let (importing, answer) = alternating("run")?.unzip();
    let sources: BTreeMap<_, _> = measurement.files.iter().filter_map(|file| file.source.clone()).collect();
    Ok(ImportTimes {
        interpreter,
        rounds: measurement.rounds.max(1),
        loading,
        modules: modules(&without).len(),
        modules_from_pycs: sources.len(),
        importing,
        imported: answer.as_ref().map_or(0, |answer| answer.ours),
        imported_from_pycs: answer.as_ref().map_or(0, |answer| answer.pycs),
        failures: answer.map(|answer| answer.failures).unwrap_or_default(),
    })
}

impl Milliseconds {
    /// Of at least one time.
    fn of(mut times: Vec<f64>) -> Milliseconds {
        times.sort_by(f64::total_cmp);
        Milliseconds { median: times[times.len() / 2], min: times[0], max: times[times.len() - 1] }
    }
}

/// Writes a tree of the files that pass, and of the sources of those that don't.
fn view(
    folder: &Path,
    name: &str,
    files: &[ShippedFile],
    passes: impl Fn(&ShippedFile) -> bool,
) -> Result<View, ReportError> {
    let mut entries = BTreeMap::new();
    for file in files {
        if passes(file) {
            entries.insert(
                file.path.clone(),
                file.file.clone().map_or(RunfilesEntry::Empty, RunfilesEntry::File),
            );
        } else if let Some((path, source)) = &file.source {
            entries.entry(path.clone()).or_insert_with(|| RunfilesEntry::File(source.clone()));
        }
    }
    let tree = RunfilesTree::new(entries)?;
    let executable = folder.join(name);
    write_tree(&tree, &RepositoryMapping::default(), &executable)?;
    Ok(View { root: folder.join(format!("{name}.runfiles")), tree })
}

/// Sources, and pycs that stand alone: what is imported, one for a module.
fn modules(view: &View) -> Vec<String> {
    let entries = view.tree.entries();
    let alone = |path: &str| {
        path.strip_suffix('c').is_some_and(|source| source.ends_with(".py") && !entries.contains_key(source))
            && !path.contains("/__pycache__/")
    };
    let found = entries.keys().filter(|path| path.ends_with(".py") || alone(path));
    found.map(|path| view.root.join(path).to_string_lossy().into_owned()).collect()
}

fn interpreter(measurement: &ImportMeasurement<'_>, view: &View) -> PathBuf {
    match &measurement.launcher.interpreter {
        Interpreter::Absolute(path) => path.clone(),
        Interpreter::Runfiles(path) => view.root.join(path),
    }
}

/// The main file's source, on disk, and the package it is in where it is run as a module.
fn main_source<'a>(measurement: &'a ImportMeasurement<'_>) -> (Option<&'a Path>, String) {
    let find = |wanted: &str| {
        measurement.files.iter().find_map(|file| {
            let made_from =
                file.source.as_ref().filter(|(path, _)| path == wanted).map(|(_, source)| source.as_path());
            made_from.or_else(|| file.file.as_deref().filter(|_| file.path == wanted))
        })
    };
    match &measurement.launcher.main {
        Main::File(path) => {
            (find(path.strip_suffix('c').filter(|path| path.ends_with(".py")).unwrap_or(path)), String::new())
        }
        Main::Module(name) => {
            let below = name.replace('.', "/");
            let launcher = measurement.launcher;
            let folders = std::iter::once("")
                .chain(launcher.imports.iter().chain(&launcher.repositories).map(String::as_str));
            for folder in folders {
                let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                if let Some(found) = find(&format!("{prefix}{below}.py")) {
                    return (
                        Some(found),
                        name.rsplit_once('.').map_or("", |(package, _)| package).to_owned(),
                    );
                }
                if let Some(found) = find(&format!("{prefix}{below}/__main__.py")) {
                    return (Some(found), name.clone());
                }
            }
            (None, String::new())
        }
    }
}

/// Runs one process and reads its answer; none where it had nothing to import.
fn child(
    measurement: &ImportMeasurement<'_>,
    folder: &Path,
    what: &str,
    view: &View,
) -> Result<Option<Answer>, ReportError> {
    let launcher = measurement.launcher;
    let (task_file, result) = (folder.join("task.json"), folder.join("result.json"));
    let place = |path: &str| view.root.join(path).to_string_lossy().into_owned();
    let (main, first) = match &launcher.main {
        Main::File(path) => {
            (Some(place(path)), Some(place(path.rsplit_once('/').map_or("", |(folder, _)| folder))))
        }
        Main::Module(_) => (None, None),
    };
    let (main_source, package) = main_source(measurement);
    let folders = first.into_iter().chain([view.root.to_string_lossy().into_owned()]);
    let folders =
        folders.chain(launcher.imports.iter().chain(&launcher.repositories).map(|path| place(path)));
    let task = Task {
        what,
        root: view.root.to_string_lossy().into_owned(),
        folders: folders.collect(),
        main,
        main_source,
        package: &package,
        modules: if what == "load" { modules(view) } else { Vec::new() },
        result: &result,
    };
    let interpreter = interpreter(measurement, view);
    let failed =
        |reason: String| ReportError::Interpreter { interpreter: interpreter.display().to_string(), reason };
    let task = serde_json::to_vec(&task).map_err(|error| failed(error.to_string()))?;
    fs::write(&task_file, task).map_err(ReportError::io(&task_file))?;
    match fs::remove_file(&result) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(ReportError::io(&result)(error));
        }
        _ => {}
    }
    let program = folder.join("measure.py");
    fs::write(&program, MEASURE).map_err(ReportError::io(&program))?;

    let mut command = Command::new(&interpreter);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PYTHON") {
            command.env_remove(name);
        }
    }
    command.args(&launcher.interpreter_args).arg("-B").arg(&program).arg(&task_file).current_dir(folder);
    command.envs(&launcher.environment).env("RUNFILES_DIR", &view.root).env_remove("RUNFILES_MANIFEST_FILE");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let ended = child.wait_timeout(measurement.time_limit).map_err(|error| failed(error.to_string()))?;
    // Whatever the modules started ends with the measurement.
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let Some(status) = ended else {
        let _ = child.wait();
        return Err(failed(format!(
            "importing took longer than {} seconds",
            measurement.time_limit.as_secs()
        )));
    };
    match fs::read(&result).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        Some(answer) => Ok(answer),
        None => Err(failed(format!("ended without an answer ({status})"))),
    }
}
