//! Zips, run for real: unpacked and in place, with the bytes they are made of.

mod built;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use built::{Binary, VERSIONS, run};
use prepyc_build::launcher::{Interpreter, Main, Written};
use prepyc_build::runfiles::RepositoryMapping;
use prepyc_build::zip::{Compression, Zip, ZipError, ZipMode, write_zip};
use prepyc_testing::Oracle;

fn with_each(test: &str, check: impl Fn(&Oracle)) {
    for version in VERSIONS {
        if let Some(oracle) = Oracle::find_or_skip(version, test) {
            check(&oracle);
        }
    }
}

/// A binary's zip, and an empty folder that it unpacks into.
struct Packed<'a> {
    binary: &'a Binary,
    folder: tempfile::TempDir,
}

impl<'a> Packed<'a> {
    fn new(binary: &'a Binary, mode: ZipMode) -> Packed<'a> {
        let packed = Packed { binary, folder: tempfile::tempdir().unwrap() };
        fs::create_dir(packed.folder.path().join("tmp")).unwrap();
        packed.write(mode).unwrap();
        packed
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.zip")
    }

    fn write(&self, mode: ZipMode) -> Result<Written, ZipError> {
        let (tree, mapping, launcher) =
            (self.binary.tree(), RepositoryMapping::default(), &self.binary.launcher);
        let compression = Compression::Deflated;
        write_zip(&Zip { tree: &tree, mapping: &mapping, launcher, mode, compression }, &self.path())
    }

    fn command(&self) -> Command {
        let mut command = self.binary.command_of(self.binary.oracle().executable());
        command.arg(self.path()).env("TMPDIR", self.folder.path().join("tmp"));
        command
    }

    fn left_over(&self) -> usize {
        fs::read_dir(self.folder.path().join("tmp")).unwrap().count()
    }
}

#[test]
fn both_kinds_run_and_use_their_pycs() {
    with_each("both_kinds_run_and_use_their_pycs", |oracle| {
        let binary = Binary::new(oracle);
        binary.source(
            "app/main.py",
            "import sys, lib.mod\nprint('main', __name__, lib.mod.WHERE, sys.argv[1:])\n",
        );
        binary.source("lib/mod.py", "WHERE = 'source'\n");
        for (mode, cached) in [(ZipMode::Unpack, 1), (ZipMode::InPlace, 0)] {
            let packed = Packed::new(&binary, mode);
            assert_eq!(run(packed.command().arg("x y")).0, "main __main__ source ['x y']\n", "{mode:?}");
            assert_eq!(packed.left_over(), 0, "{cached}");
        }
        binary.pyc("lib/mod.py", "WHERE = 'pyc'\n");
        binary.pyc("app/main.py", "import lib.mod\nprint('compiled main', __name__, lib.mod.WHERE)\n");
        for mode in [ZipMode::Unpack, ZipMode::InPlace] {
            let packed = Packed::new(&binary, mode);
            assert_eq!(run(&mut packed.command()).0, "compiled main __main__ pyc\n", "{mode:?}");
        }
    });
}

#[test]
fn pycs_without_sources_and_main_modules_run() {
    with_each("pycs_without_sources_and_main_modules_run", |oracle| {
        let mut binary = Binary::new(oracle);
        binary.sourceless("app/main.pyc", "import lib.mod\nprint(lib.mod.WHERE)\n");
        binary.sourceless("lib/mod.pyc", "WHERE = 'sourceless'\n");
        binary.launcher.main = Main::File("_main/app/main.pyc".into());
        for mode in [ZipMode::Unpack, ZipMode::InPlace] {
            let packed = Packed::new(&binary, mode);
            assert_eq!(run(&mut packed.command()).0, "sourceless\n", "{mode:?}");
            let other = VERSIONS.iter().find(|version| **version != oracle.version()).unwrap();
            let Some(other) = Oracle::find_or_skip(other, "pycs_without_sources_and_main_modules_run") else {
                return;
            };
            let output = other.command().arg(packed.path()).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success() && error.contains("Run it with python"), "{error}");
        }
        binary.source("tool/__init__.py", "");
        binary.source("tool/__main__.py", "print(__spec__.name, __package__)\n");
        binary.launcher.main = Main::Module("tool".into());
        for mode in [ZipMode::Unpack, ZipMode::InPlace] {
            let packed = Packed::new(&binary, mode);
            assert_eq!(run(&mut packed.command()).0, "tool.__main__ tool\n", "{mode:?}");
        }
    });
}

#[test]
fn data_links_modes_and_an_interpreter_inside_are_kept() {
    with_each("data_links_modes_and_an_interpreter_inside_are_kept", |oracle| {
        let mut binary = Binary::new(oracle);
        let main = "import os, subprocess, sys\nroot = os.environ['RUNFILES_DIR']\n\
                    print(open(os.path.join(root, '_main/data/deep/é.txt')).read(), os.environ['MODE'])\n\
                    print(subprocess.check_output([os.path.join(root, '_main/tool')], text=True).strip())\n\
                    print(os.path.islink(os.path.join(root, '_main/tool')), os.environ['INSIDE'])\n";
        binary.source("app/main.py", main);
        let data = binary.workspace().join("data/deep");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("real.txt"), "data").unwrap();
        symlink("real.txt", data.join("é.txt")).unwrap();
        binary.add("_main/data", &binary.workspace().join("data"));
        let tool = binary.source("tool", "#!/bin/sh\necho tool ran\n");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o500)).unwrap();
        let python = binary.source(
            "python",
            &format!("#!/bin/sh\nINSIDE=yes exec {} \"$@\"\n", oracle.executable().display()),
        );
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        binary.launcher.interpreter = Interpreter::Runfiles("_main/python".into());
        binary.launcher.environment = [("MODE".to_owned(), "it's \"set\"".to_owned())].into();
        let packed = Packed::new(&binary, ZipMode::Unpack);
        let (out, _) = run(&mut packed.command());
        assert_eq!(out, "data it's \"set\"\ntool ran\nFalse yes\n");
        let error = packed.write(ZipMode::InPlace).unwrap_err();
        assert!(
            matches!(&error, ZipError::NotInPlace { path } if path.starts_with("_main/data/deep/")),
            "{error}"
        );
    });
}

#[test]
fn the_folder_goes_whatever_the_end() {
    with_each("the_folder_goes_whatever_the_end", |oracle| {
        let binary = Binary::new(oracle);
        for (program, code) in [("raise SystemExit(7)", 7), ("1 / 0", 1), ("import os; os._exit(5)", 5)] {
            binary.source("app/main.py", program);
            let packed = Packed::new(&binary, ZipMode::Unpack);
            assert_eq!(packed.command().stderr(Stdio::null()).status().unwrap().code(), Some(code));
            assert_eq!(packed.left_over(), 0, "{program}");
        }
        // A signal to the zip's process reaches the program, and the end is the signal's.
        let main = "import signal, sys, time\nprint('up', flush=True)\nsignal.pause()\n";
        binary.source("app/main.py", main);
        let packed = Packed::new(&binary, ZipMode::Unpack);
        let mut child = packed.command().stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!((line.as_str(), packed.left_over()), ("up\n", 1));
        let sent = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().signal(), Some(15));
        assert_eq!(packed.left_over(), 0);
    });
}

#[test]
fn the_bytes_depend_on_the_contents_alone() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "the_bytes_depend_on_the_contents_alone") else { return };
    let make = || {
        let binary = Binary::new(&oracle);
        binary.source("app/main.py", "print('ran')\n");
        binary.source("lib/z.py", "x = 1\n");
        binary.source("lib/a.py", "x = 1\n");
        binary.pyc("lib/a.py", "x = 1\n");
        binary
    };
    let (one, other) = (make(), make());
    fs::File::open(other.workspace().join("lib/a.py")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    for mode in [ZipMode::Unpack, ZipMode::InPlace] {
        let (one, other) = (Packed::new(&one, mode), Packed::new(&other, mode));
        let bytes = fs::read(one.path()).unwrap();
        assert!(bytes == fs::read(other.path()).unwrap(), "{mode:?}");
        assert!(bytes.starts_with(b"#!/usr/bin/env python3\nPK"));
        assert_eq!(one.write(mode).unwrap(), Written::Unchanged);
        assert_ne!(fs::metadata(one.path()).unwrap().permissions().mode() & 0o100, 0);
    }
}

#[test]
fn it_runs_by_itself() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "it_runs_by_itself") else { return };
    let binary = Binary::new(&oracle);
    binary.source("app/main.py", "import sys\nprint(sys.version_info[:2], sys.stdin.read())\n");
    let packed = Packed::new(&binary, ZipMode::Unpack);
    symlink(oracle.executable(), packed.folder.path().join("python3")).unwrap();
    let path = format!("{}:/usr/bin:/bin", packed.folder.path().display());
    let mut command = binary.command_of(&packed.path());
    let mut child = command.env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"typed").unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(out, "(3, 14) typed\n");
}

#[test]
fn what_is_no_file_is_told() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "what_is_no_file_is_told") else { return };
    let binary = Binary::new(&oracle);
    binary.source("app/main.py", "");
    let packed = Packed::new(&binary, ZipMode::Unpack);
    let socket = binary.workspace().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    binary.add("_main/socket", &socket);
    assert!(matches!(packed.write(ZipMode::Unpack), Err(ZipError::Unfit { .. })));
    binary.add("_main/socket", "/nowhere/at/all".as_ref());
    let error = packed.write(ZipMode::Unpack).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/at/all: "), "{error}");
    assert_eq!(fs::read_dir(packed.folder.path()).unwrap().count(), 2, "nothing half-written stays");
}
