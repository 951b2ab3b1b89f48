//! A small workspace with a precompiler of its own, and prepyc run in it as a process.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where pycs of the sources are, below the folder.
pub(crate) const PYCS: &str = "prepyc-out/bin/app/__pycache__";

/// A workspace whose `//app` is a binary of [`SOURCES`], and whose `//tools:toolchain` is what each test makes it.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

/// The modules of `//app`, sorted; `main.py` is the main file.
pub(crate) const SOURCES: [&str; 5] = ["a", "b", "bad", "c", "main"];

/// The `tools` package: a toolchain of that precompiler, and what else the test needs.
pub(crate) fn tools(precompiler: &str, more: &str) -> String {
    format!(
        "load(\"@rules_python//python:py_exec_tools_toolchain.bzl\", \"py_exec_tools_toolchain\")\n\
         py_exec_tools_toolchain(name = \"tools\", precompiler = \"{precompiler}\")\n\
         toolchain(\n    name = \"toolchain\",\n    toolchain = \":tools\",\n    \
         toolchain_type = \"@rules_python//python:exec_tools_toolchain_type\",\n)\n{more}\n"
    )
}

/// A precompiler as a shell script, one-shot or a JSON worker: it does `bad` with `bad.py` and copies the others.
pub(crate) fn script(bad: &str) -> String {
    format!(
        r#"#!/bin/sh
field() {{ case $line in *"$1"*) v=${{line#*"$1"}}; v=${{v%%[\",\}}]*}};; *) v=;; esac; }}
answer() {{
    if [ -n "$once" ]; then printf '%s' "$2" >&2; exit "$1"; fi
    printf '{{"requestId":%s,"exitCode":%s,"output":"%s"}}\n' "${{id:-0}}" "$1" "$2"
}}
handle() {{
    case $src in
        */bad.py) {bad} ;;
        *) cat "$dir$src" > "$dir$pyc"; answer 0 "" ;;
    esac
}}
if [ "$1" != --persistent_worker ]; then
    once=yes
    while IFS= read -r line; do
        case $last in --src) src=$line;; --pyc) pyc=$line;; esac
        last=$line
    done < "${{1#@}}"
    handle
    exit
fi
while IFS= read -r line; do
    field '"--src","'; src=$v
    field '"--pyc","'; pyc=$v
    field '"requestId":'; id=$v
    field '"sandboxDir":"'; dir=${{v:+$v/}}
    handle
done
"#
    )
}

/// What prepyc said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Fails the test unless the build did what was asked.
    pub(crate) fn expect_done(self, what: &str) -> Said {
        assert_eq!(self.code, Some(0), "{what}: {self:?}");
        self
    }
}

impl Workspace {
    pub(crate) fn new() -> Workspace {
        let workspace = Workspace { folder: tempfile::tempdir().unwrap() };
        workspace.write("MODULE.bazel", "module(name = \"example\")\n");
        let listed: Vec<String> = SOURCES.iter().map(|name| format!("\"{name}.py\"")).collect();
        let binary = format!(
            "py_binary(name = \"app\", main = \"main.py\", srcs = [{}])\n\
             py_library(name = \"lone\", srcs = [\"bad.py\"], precompile = \"enabled\")\n",
            listed.join(", ")
        );
        workspace.write("app/BUILD.bazel", &binary);
        for name in SOURCES {
            workspace.write(&format!("app/{name}.py"), &format!("NAME = '{name}'\n"));
        }
        workspace
    }

    /// One whose toolchain's precompiler is a script.
    pub(crate) fn with_script(script: &str) -> Workspace {
        let workspace = Workspace::new();
        workspace.write("tools/BUILD.bazel", &tools("precompile.sh", ""));
        workspace.write_program("tools/precompile.sh", script);
        workspace
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn write_program(&self, below: &str, text: &str) {
        self.write(below, text);
        fs::set_permissions(self.path(below), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `prepyc build` of `//app` with all pycs.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prepyc"));
        command.current_dir(self.folder.path()).env_remove("PREPYC_PYTHON").env("HOME", self.folder.path());
        command.args(["build", "--python_version=3.14", "--precompile=enabled", "--jobs=3"]);
        command.args(flags);
        command
    }

    /// The same by the toolchain `//tools:toolchain`, run to its end.
    pub(crate) fn build(&self, flags: &[&str]) -> Said {
        let mut command = self.command(&["--extra_toolchains=//tools:toolchain", "//app"]);
        Said::of(&command.args(flags).output().unwrap())
    }

    /// The pycs by the names of their modules.
    pub(crate) fn pycs(&self) -> BTreeMap<String, Vec<u8>> {
        let mut pycs = BTreeMap::new();
        for entry in fs::read_dir(self.path(PYCS)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            pycs.insert(name.split('.').next().unwrap().to_owned(), fs::read(&path).unwrap());
        }
        pycs
    }

    /// What the script makes of the sources.
    pub(crate) fn copies(&self) -> BTreeMap<String, Vec<u8>> {
        let copy = |name: &str| fs::read(self.path(&format!("app/{name}.py"))).unwrap();
        SOURCES.iter().map(|name| ((*name).to_owned(), copy(name))).collect()
    }

    /// Everything below the folder of outputs: which file it is, its size and when it or its place changed.
    pub(crate) fn output_states(&self) -> BTreeMap<PathBuf, (u64, u64, i64, i64, i64, i64)> {
        let mut states = BTreeMap::new();
        let mut open = vec![self.path("prepyc-out")];
        while let Some(path) = open.pop() {
            let found = fs::symlink_metadata(&path).unwrap();
            if found.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            let state = (
                found.ino(),
                found.size(),
                found.mtime(),
                found.mtime_nsec(),
                found.ctime(),
                found.ctime_nsec(),
            );
            states.insert(path, state);
        }
        states
    }
}

/// What is in a folder of pycs beside pycs.
pub(crate) fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".cpython-314.pyc") {
            found.push(path);
        }
    }
    found
}
