//! The one Bazel of a test run: installed by the project's script, one server, one output base, one copy of the workspace.
//!
//! Knows nothing of what is tested.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Why there is no Bazel.
pub(crate) enum Unavailable {
    /// This machine cannot have one: a reason to skip.
    Machine(String),
    /// Its installation failed: a failure.
    Installation(String),
}

/// A build that has ended.
pub(crate) struct Build {
    pub(crate) succeeded: bool,
    /// What Bazel said on standard error.
    pub(crate) log: String,
}

impl Build {
    /// Panics with Bazel's words unless the build succeeded.
    pub(crate) fn expect_success(self) -> Build {
        assert!(self.succeeded, "the build failed:\n{}", self.log);
        self
    }

    /// Whether it failed because an action that was done had not left what it makes.
    pub(crate) fn lost_outputs(&self) -> bool {
        !self.succeeded && self.log.contains("not all outputs were created or valid")
    }

    /// How many actions were run in this way, from Bazel's line `INFO: 35 processes: 1 internal, 34 worker.`
    pub(crate) fn processes(&self, runner: &str) -> usize {
        let counts = |line: &'_ str| {
            let (total, counts) = line.strip_prefix("INFO: ")?.split_once(" process")?;
            total.parse::<usize>().ok()?;
            counts.split_once(": ").map(|(_, counts)| counts.trim_end_matches('.').to_owned())
        };
        let counts = self.log.lines().find_map(counts);
        counts
            .unwrap_or_else(|| panic!("no line of process counts in:\n{}", self.log))
            .split(", ")
            .filter_map(|count| count.split_once(' '))
            .find(|(_, name)| *name == runner)
            .map_or(0, |(count, _)| count.parse().expect("a count before the name"))
    }
}

/// A workspace and the server that builds it.
pub(crate) struct Bazel {
    script: PathBuf,
    /// The only folder of the host that Bazel sees.
    scratch: PathBuf,
    python_version: String,
    /// What `bazel-bin` links to.
    bin: PathBuf,
    /// Held while this exists: two test runs do not share a server.
    _lock: File,
}

impl Bazel {
    /// Installs Bazel where it is missing, and lays out the workspace with the worker just built.
    pub(crate) fn set_up() -> Result<Bazel, Unavailable> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        install(&repository.join("scripts/install-bazel"))?;

        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bazel_e2e");
        fs::create_dir_all(&scratch).expect("a folder in the target folder");
        let lock = File::create(scratch.join("lock")).expect("a file in the target folder");
        lock.lock().expect("a lock on that file");

        let script = repository.join("scripts/bazel").canonicalize().expect("scripts/bazel is there");
        let mut bazel =
            Bazel { script, scratch, python_version: String::new(), bin: PathBuf::new(), _lock: lock };
        replace_tree(&repository.join("bazel"), &bazel.scratch.join("bazel"));
        replace_tree(&repository.join("tests/bazel/workspace"), &bazel.workspace());
        fs::copy(env!("CARGO_BIN_EXE_prepyc-worker"), bazel.worker()).expect("the worker is built");
        bazel.clear_recordings();

        let program = "import sys; print('%d.%d' % sys.version_info[:2])";
        bazel.python_version = bazel.execute(["python3", "-c", program]).0.trim_end().to_owned();
        // A server that a killed run left may see other folders.
        bazel.shut_down();
        let bin = bazel.bazel(&["info", "bazel-bin"]);
        assert!(bin.status.success(), "bazel info: {}", String::from_utf8_lossy(&bin.stderr));
        bazel.bin = PathBuf::from(String::from_utf8(bin.stdout).expect("a UTF-8 path").trim_end());
        Ok(bazel)
    }

    /// The folder that holds MODULE.bazel, at the same place relative to `bazel/` as in the repository.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.scratch.join("tests/bazel/workspace")
    }

    fn worker(&self) -> PathBuf {
        self.workspace().join("prepyc-worker")
    }

    /// Makes the worker's binary another one that does the same.
    pub(crate) fn change_worker(&self) {
        // In place it may be in use.
        let mut binary = fs::read(self.worker()).expect("the worker is readable");
        binary.push(0);
        let changed = self.workspace().join("prepyc-worker.changed");
        fs::write(&changed, binary).expect("a file in the workspace");
        let mode = fs::metadata(self.worker()).expect("the worker is there").permissions();
        fs::set_permissions(&changed, mode).expect("its mode can be set");
        fs::rename(changed, self.worker()).expect("it takes the worker's place");
    }

    /// Where `tardy.sh` of the workspace records requests and responses.
    pub(crate) fn recordings(&self) -> PathBuf {
        self.workspace().join("recordings")
    }

    /// Deletes what was recorded.
    pub(crate) fn clear_recordings(&self) {
        let _absent = fs::remove_dir_all(self.recordings());
        fs::create_dir_all(self.recordings()).expect("a folder in the target folder");
    }

    /// The version of the Python in Bazel's tree, such as `3.14`.
    pub(crate) fn python_version(&self) -> &str {
        &self.python_version
    }

    /// `bazel build` with these arguments.
    pub(crate) fn build(&self, arguments: &[&str]) -> Build {
        let version = format!("--//rules:python_version={}", self.python_version);
        let output = self.bazel(&[&["build", &version], arguments].concat());
        Build {
            succeeded: output.status.success(),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Stops the server, if one runs.
    pub(crate) fn shut_down(&self) {
        let output = self.bazel(&["shutdown"]);
        assert!(output.status.success(), "bazel shutdown: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn bazel(&self, arguments: &[&str]) -> Output {
        let base = format!("--output_base={}", self.scratch.join("output_base").display());
        // A test run that is killed leaves no server for long.
        self.in_tree()
            .args(["--", &base, "--max_idle_secs=60"])
            .args(arguments)
            .output()
            .expect("scripts/bazel starts")
    }

    /// Runs a program of Bazel's tree in the workspace; what it wrote to standard output and standard error.
    pub(crate) fn execute(&self, command: impl IntoIterator<Item = impl AsRef<OsStr>>) -> (String, String) {
        let output = self.in_tree().arg("--exec").args(command).output().expect("scripts/bazel starts");
        let [stdout, stderr] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(output.status.success(), "{stdout}{stderr}");
        (stdout, stderr)
    }

    fn in_tree(&self) -> Command {
        let mut command = Command::new(&self.script);
        command.arg("--bind").arg(&self.scratch).current_dir(self.workspace());
        command
    }

    /// The pycs below `bazel-bin`, by their paths there; those of runfiles trees left out.
    pub(crate) fn pycs(&self) -> BTreeMap<String, Vec<u8>> {
        pycs_below(&self.bin)
    }

    /// Deletes the pycs below `bazel-bin`, so that the next build has to make them again.
    pub(crate) fn delete_pycs(&self) {
        for path in self.pycs().into_keys() {
            fs::remove_file(self.bin.join(path)).expect("a pyc can be deleted");
        }
    }

    /// The command lines of the processes that run in the scratch folder or run a program from there.
    pub(crate) fn live_processes(&self) -> Vec<String> {
        let processes =
            fs::read_dir("/proc").expect("/proc is there").filter_map(Result::ok).map(|entry| entry.path());
        let ours = |process: &PathBuf| {
            let links = ["cwd", "exe"].map(|link| fs::read_link(process.join(link)));
            links.iter().flatten().any(|target| target.starts_with(&self.scratch))
        };
        let command_line = |process: PathBuf| {
            let bytes = fs::read(process.join("cmdline")).unwrap_or_default();
            format!("{} {}", process.display(), String::from_utf8_lossy(&bytes).replace('\0', " "))
        };
        processes.filter(ours).map(command_line).collect()
    }
}

fn install(script: &Path) -> Result<(), Unavailable> {
    /// The exit code by which `scripts/install-bazel` says that the machine is not fit for it.
    const MACHINE_CANNOT: i32 = 77;

    let output = Command::new(script).output().expect("scripts/install-bazel starts");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(MACHINE_CANNOT) => {
            Err(Unavailable::Machine(words.lines().last().unwrap_or("it cannot").to_owned()))
        }
        _ => Err(Unavailable::Installation(words)),
    }
}

/// The pycs below a folder, by their paths there; those of runfiles trees left out.
pub(crate) fn pycs_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_pyc = |path: &String| path.ends_with(".pyc") && !path.contains(".runfiles/");
    let paths = files_below(folder).into_iter().filter(is_pyc);
    paths.map(|path| (path.clone(), fs::read(folder.join(path)).expect("a pyc is readable"))).collect()
}

/// The regular files below a folder, by sorted relative paths.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(relative) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&relative)) else { continue };
        for entry in entries.map(|entry| entry.expect("a readable folder")) {
            let path = format!("{relative}{}", entry.file_name().to_str().expect("a UTF-8 name"));
            // Runfiles are symlinks to files.
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => folders.push(path + "/"),
                _ => files.push(path),
            }
        }
    }
    files.sort();
    files
}

/// Makes `to` a copy of `from`. Nothing stays of an earlier one.
fn replace_tree(from: &Path, to: &Path) {
    let _absent = fs::remove_dir_all(to);
    for file in files_below(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().expect("a file has a folder"))
            .expect("a folder in the target folder");
        fs::copy(from.join(&file), target).expect("a copy in the target folder");
    }
}
