//! A binary as an analysis would hand it over: sources and pycs in a workspace, their tree and their launcher.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prepyc_build::launcher::{Interpreter, Launcher, Main, write_launcher};
use prepyc_build::runfiles::{RepositoryMapping, RunfilesEntry, RunfilesTree, write_tree};
use prepyc_testing::Oracle;

/// The interpreters that the launchers are run with: the oldest, and the newest with a release.
#[allow(dead_code, reason = "each of the tests needs some of it")]
pub(crate) const VERSIONS: [&str; 2] = ["3.11", "3.14"];

/// Compiles a source that it is given as an argument to an unchecked-hash pyc.
const COMPILE: &str = "import importlib._bootstrap_external as b, importlib.util, sys
code = compile(sys.argv[2], 'compiled', 'exec', dont_inherit=True)
open(sys.argv[1], 'wb').write(b._code_to_hash_pyc(code, importlib.util.source_hash(b''), False))";

pub(crate) struct Binary {
    folder: tempfile::TempDir,
    oracle: Oracle,
    files: RefCell<BTreeMap<String, RunfilesEntry>>,
    pub(crate) launcher: Launcher,
}

/// A launcher of `_main/app/main.py`.
pub(crate) fn launcher(interpreter: &Path) -> Launcher {
    Launcher {
        executable: "_main/app/main".into(),
        interpreter: Interpreter::Absolute(interpreter.to_owned()),
        interpreter_args: Vec::new(),
        main: Main::File("_main/app/main.py".into()),
        imports: Vec::new(),
        repositories: vec!["_main".into()],
        environment: BTreeMap::new(),
    }
}

/// What it prints, and what it says of errors.
#[allow(dead_code, reason = "each of the tests needs some of it")]
pub(crate) fn run(command: &mut Command) -> (String, String) {
    let output = command.output().expect("it starts");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{:?}: {error}", output.status);
    (String::from_utf8(output.stdout).expect("UTF-8"), error)
}

#[allow(dead_code, reason = "each of the tests needs some of it")]
impl Binary {
    pub(crate) fn new(oracle: &Oracle) -> Binary {
        let folder = tempfile::Builder::new().prefix("prepyc it's ").tempdir().unwrap();
        fs::create_dir_all(folder.path().join("out/app")).unwrap();
        Binary {
            folder,
            oracle: oracle.clone(),
            files: RefCell::default(),
            launcher: launcher(oracle.executable()),
        }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    pub(crate) fn executable(&self) -> PathBuf {
        self.folder.path().join("out/app/main")
    }

    pub(crate) fn tree_path(&self, path: &str) -> PathBuf {
        self.folder.path().join("out/app/main.runfiles").join(path)
    }

    pub(crate) fn tag(&self) -> String {
        format!("cpython-{}", self.oracle.version().replace('.', ""))
    }

    pub(crate) fn tree(&self) -> RunfilesTree {
        RunfilesTree::new(self.files.borrow().clone()).unwrap()
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    pub(crate) fn add(&self, runfiles_path: &str, file: &Path) {
        self.files.borrow_mut().insert(runfiles_path.to_owned(), RunfilesEntry::File(file.to_owned()));
    }

    pub(crate) fn remove(&self, runfiles_path: &str) {
        self.files.borrow_mut().remove(runfiles_path).expect("a file of it");
    }

    pub(crate) fn source(&self, path: &str, text: &str) -> PathBuf {
        let file = self.workspace().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        self.add(&format!("_main/{path}"), &file);
        file
    }

    /// A pyc in `__pycache__` beside `path`, of other code than the source has, so that one sees which of them is used.
    pub(crate) fn pyc(&self, path: &str, text: &str) {
        let stem = Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned();
        self.pyc_named(path, &format!("{stem}.{}.pyc", self.tag()), text);
    }

    pub(crate) fn pyc_named(&self, path: &str, name: &str, text: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.sourceless(&format!("{folder}/__pycache__/{name}"), text);
    }

    /// A pyc at `path`.
    pub(crate) fn sourceless(&self, path: &str, text: &str) {
        let file = self.folder.path().join("out/pycs").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let status = self.oracle.command().arg("-c").arg(COMPILE).arg(&file).arg(text).status().unwrap();
        assert!(status.success());
        self.add(&format!("_main/{path}"), &file);
    }

    pub(crate) fn write(&self) -> &Binary {
        write_tree(&self.tree(), &RepositoryMapping::default(), &self.executable()).unwrap();
        write_launcher(&self.launcher, &self.executable()).unwrap();
        if matches!(self.launcher.main, Main::Module(_))
            && !self.files.borrow().contains_key("_main/app/main")
        {
            self.add("_main/app/main", &self.executable());
            return self.write();
        }
        self
    }

    pub(crate) fn command(&self) -> Command {
        self.command_of(&self.executable())
    }

    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PYTHON") || name.starts_with("RUNFILES")) {
                command.env_remove(name);
            }
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("BUILD_WORKSPACE_DIRECTORY");
        command
    }
}
