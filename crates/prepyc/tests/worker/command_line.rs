//! One-shot runs, and what the command line says to a worker.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use prepyc_protocol::{Protocol, WorkRequest};
use prepyc_version::PyVersion;

use crate::cases::wild_name;
use crate::support::{Folder, MAGIC, VERSION, Worker, assert_done, command, python, request, run, triple};

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

pub(crate) fn case_02_persistent_worker_anywhere(_test: &str) {
    let folder = Folder::new();
    folder.write("some.params", "--optimize\n0\n");
    for arguments in [
        &["--persistent_worker", "--worker_impl", "serial", "--log_level=ERROR"][..],
        &["--worker_impl=serial", "--persistent_worker", "--log_level", "ERROR"],
        &["--worker_impl", "serial", "@some.params", "--persistent_worker"],
    ] {
        let mut command = command(&folder);
        command.args(arguments);
        let mut worker = Worker::spawn(command, Protocol::Json);
        worker.send(&WorkRequest { request_id: 3, ..WorkRequest::default() });
        let response = worker.receive();
        assert_eq!((response.request_id, response.exit_code), (3, 1));
        assert!(response.output.contains("nothing to compile"), "{}", response.output);
        assert_eq!(worker.finish().code, Some(0));
    }
}

pub(crate) fn case_03_unknown_start_flag(_test: &str) {
    let folder = Folder::new();
    for arguments in [
        &["--persistent_worker", "--worker_implementation=serial"][..],
        &["--worker_implementation"],
        &["--persistent_worker", "--worker_impl", "parallel"],
        &["--persistent_worker", "--log_level", "LOUD"],
        &["--worker_protocol=xml", "--persistent_worker"],
        &["--persistent_worker=yes"],
        &["--persistent_worker", "stray"],
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let said = stderr(&output);
        assert!(said.starts_with("prepyc-worker: ") && said.lines().count() == 1, "{arguments:?}: {said}");
        let named = arguments.iter().any(|argument| {
            said.contains(argument.split('=').next().unwrap_or(argument).trim_start_matches('-'))
        });
        assert!(named, "{arguments:?}: {said}");
    }
}

pub(crate) fn one_shot_errors_and_exit_codes(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("bad.py", "x = (\n");
    folder.write("a.py", "x = 1\n");
    let once = |arguments: &[String]| {
        let mut all = vec!["--python".to_owned(), python.to_string_lossy().into_owned()];
        all.extend_from_slice(arguments);
        run(&folder, &all)
    };
    let output = once(&triple("bad.py", "pkg/bad.py", "bad.pyc"));
    assert_eq!(output.status.code(), Some(1));
    let expected = "  File \"pkg/bad.py\", line 1\n    x = (\n        ^\nSyntaxError: '(' was never closed\n";
    assert_eq!(stderr(&output), expected);
    assert!(!folder.exists("bad.pyc"));

    let output = once(&triple("missing.py", "missing.py", "a.pyc"));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("prepyc-worker: missing.py: "), "{}", stderr(&output));

    let output = once(&triple("a.py", "a.py", "a.py/a.pyc"));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a.py"), "{}", stderr(&output));

    let output = once(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("nothing to compile"));

    let output = once(&["@missing.params".to_owned()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("missing.params"), "{}", stderr(&output));

    let output = once(&triple("a.py", "a.py", "a.pyc"));
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
}

/// Bazel splits an action's arguments: those outside its params file go to the worker's start. Both ways, the same
/// arguments must come to the same.
pub(crate) fn start_options_come_before_a_requests(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "\"docs\"\nassert x\n");
    let flags = ["--optimize", "2", "--invalidation_mode=unchecked_hash", "--python_version", VERSION];
    let mut worker = Worker::start(&folder, Protocol::Json, &python, &flags);
    let arguments = ["--src", "a.py", "--src_name", "a.py", "--pyc"].map(str::to_owned);
    for (id, rest) in [(1, &["1.pyc"][..]), (2, &["2.pyc", "--optimize", "0"])] {
        let mut arguments = arguments.to_vec();
        arguments.extend(rest.iter().map(|&text| text.to_owned()));
        worker.send(&WorkRequest { arguments, request_id: id, ..WorkRequest::default() });
        assert_done(&worker.receive(), id);
    }
    assert_eq!(worker.finish().code, Some(0));
    let python = python.to_string_lossy();
    let once =
        [&["--python", &python], &flags[..], &["--src=a.py", "--src_name=a.py", "--pyc=once.pyc"]].concat();
    assert!(run(&folder, &once).status.success());
    assert_eq!(folder.read("once.pyc"), folder.read("1.pyc"));
    assert_ne!(folder.read("1.pyc"), folder.read("2.pyc"));
    assert_eq!(folder.read("1.pyc")[4..8], [1, 0, 0, 0], "unchecked_hash");
}

/// With an interpreter that compiles, and for a version that only an interpreter can do.
pub(crate) fn interpreter_from_the_environment(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    let mut command = command(&folder);
    command.args(triple("a.py", "a.py", "a.pyc")).args(["--engine", "interpreter"]);
    command.env("PREPYC_PYTHON", &python);
    assert!(command.status().unwrap().success());
    assert!(folder.read("a.pyc").starts_with(&MAGIC));
    // The option counts for more.
    let output = command.args(["--python", "/no/such/python"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/no/such/python"), "{}", stderr(&output));
    // Neither: what to do is said.
    for engine in [&["--engine", "interpreter"][..], &["--python_version", "3.8"]] {
        let mut arguments = triple("a.py", "a.py", "b.pyc");
        arguments.extend(engine.iter().map(|&text| text.to_owned()));
        let output = run(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("--python EXE") && stderr(&output).contains("PREPYC_PYTHON"));
    }
}

/// Several versions by one process, no interpreter anywhere; one that is named is not even started.
pub(crate) fn native_needs_no_interpreter(_test: &str) {
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    let versions: Vec<PyVersion> =
        PyVersion::ALL.into_iter().filter(|&version| prepyc_engine::has_native_compiler(version)).collect();
    let arguments = |version: PyVersion, pyc: &str| {
        let mut arguments = triple("a.py", "a.py", pyc);
        arguments.extend(["--python_version".to_owned(), version.to_string()]);
        arguments
    };
    for &version in &versions {
        for extra in [&[][..], &["--python=/no/such/python"], &["--engine=native"]] {
            let mut arguments = arguments(version, &format!("{version}.pyc"));
            arguments.extend(extra.iter().map(|&text| text.to_owned()));
            let output = run(&folder, &arguments);
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
            assert!(folder.read(format!("{version}.pyc")).starts_with(&version.magic().to_bytes()));
        }
    }
    let mut worker = Worker::start(&folder, Protocol::Json, "/no/such/python".as_ref(), &[]);
    for (id, &version) in (1..).zip(&versions) {
        let arguments = arguments(version, &format!("{version}-served.pyc"));
        worker.send(&WorkRequest { arguments, request_id: id, ..WorkRequest::default() });
        assert_done(&worker.receive(), id);
        let served = folder.read(format!("{version}-served.pyc"));
        assert!(served == folder.read(format!("{version}.pyc")));
    }
    assert_eq!(worker.finish().code, Some(0));
    let output =
        run(&folder, &[&arguments(PyVersion::Py311, "no.pyc")[..], &["--engine=native".to_owned()]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no native compiler for Python 3.11"), "{}", stderr(&output));
    assert!(!folder.exists("no.pyc"));
}

pub(crate) fn interpreter_must_be_the_version_asked_for(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    let python = python.to_string_lossy();
    let arguments =
        ["--engine=interpreter", "--python", &python, "--src=a.py", "--src_name=a.py", "--pyc=a.pyc"];
    for version in ["3.8", "3.14"] {
        let output = run(&folder, &[&arguments[..], &["--python_version", version]].concat());
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(
            said.contains(&format!("--python_version {version}")) && said.contains("CPython 3.13"),
            "{said}"
        );
    }
    let output = run(&folder, &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--python_version"), "{}", stderr(&output));
    assert!(!folder.exists("a.pyc"));
}

pub(crate) fn help_and_version(_test: &str) {
    let folder = Folder::new();
    for arguments in [&["--help"][..], &["-h"], &["--persistent_worker", "--help"]] {
        let output = run(&folder, arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        for option in [
            "--src",
            "--src_name",
            "--pyc",
            "--invalidation_mode",
            "--optimize",
            "--python_version",
            "--persistent_worker",
            "--worker_impl",
            "--worker_protocol",
            "--log_level",
            "--engine",
            "--python",
            "PREPYC_PYTHON",
        ] {
            assert!(text.contains(option), "{option}");
        }
    }
    let output = run(&folder, &["--version"]);
    assert_eq!(output.stdout, format!("prepyc-worker {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
}

/// A path is bytes: in the arguments, in a params file, in the pyc.
pub(crate) fn non_utf8_paths(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write(wild_name(), "x = 1\n");
    let mut arguments: Vec<OsString> = vec!["--python".into(), python.into()];
    arguments.extend(["--python_version", VERSION, "--pyc", "a.pyc", "--src_name"].map(OsString::from));
    arguments.extend([wild_name(), "--src".into(), wild_name()]);
    let output = run(&folder, &arguments);
    assert!(output.status.success(), "{output:?}");
    // A lone surrogate, as os.fsdecode has it, in marshal's UTF-8.
    let pyc = folder.read("a.pyc");
    assert!(pyc.windows(8).any(|bytes| bytes == b"w\xed\xb3\xbfld.p"), "co_filename");
}

pub(crate) fn all_three_invalidation_modes_and_levels(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "'docs'\nassert x\n");
    fs::set_permissions(folder.path("a.py"), fs::Permissions::from_mode(0o555)).unwrap();
    let python = python.to_string_lossy();
    let compile = |extra: &[&str]| {
        let mut arguments = triple("a.py", "a.py", "a.pyc");
        arguments.extend(["--python", &python].iter().chain(extra).map(|&text| text.to_owned()));
        let output = run(&folder, &arguments);
        assert!(output.status.success(), "{output:?}");
        folder.read("a.pyc")
    };
    let flags = |pyc: &[u8]| u32::from_le_bytes(pyc[4..8].try_into().unwrap());
    let default = compile(&[]);
    assert_eq!(flags(&default), 3);
    assert_eq!(compile(&["--invalidation_mode", "CHECKED_HASH", "--optimize", "0"]), default);
    assert_eq!(compile(&["--optimize=-1"]), default);
    assert_eq!(flags(&compile(&["--invalidation_mode=Unchecked_Hash"])), 1);
    let timestamp = compile(&["--invalidation_mode", "timestamp"]);
    assert_eq!(flags(&timestamp), 0);
    assert_eq!(timestamp[12..16], 16_u32.to_le_bytes(), "the source's size");
    let (one, two) = (compile(&["--optimize", "1"]), compile(&["--optimize", "2"]));
    assert!(default.len() > one.len() && one.len() > two.len());
    let mode = fs::metadata(folder.path("a.pyc")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o600, 0o600, "readable and owner-writable: {mode:o}");
}

pub(crate) fn a_batch_is_published_whole_or_not_at_all(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1\n");
    folder.write("bad.py", "x = (\n");
    folder.write("a.pyc", "the old bytes");
    let mut arguments = vec![format!("--python={}", python.display())];
    arguments.extend(triple("a.py", "a.py", "a.pyc"));
    arguments.extend(triple("bad.py", "bad.py", "new/bad.pyc"));
    let output = run(&folder, &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(folder.read("a.pyc"), b"the old bytes");
    assert_eq!(folder.files(), ["a.py", "a.pyc", "bad.py"]);
}

pub(crate) fn warnings_are_shown_and_do_not_fail(test: &str) {
    let Some(python) = python(test) else { return };
    let folder = Folder::new();
    folder.write("a.py", "x = 1 is 1\n");
    let mut arguments = vec![format!("--python={}", python.display())];
    arguments.extend(triple("a.py", "pkg/a.py", "a.pyc"));
    let output = run(&folder, &arguments);
    assert!(output.status.success());
    assert!(stderr(&output).starts_with("pkg/a.py:1: SyntaxWarning: "), "{}", stderr(&output));
    let mut worker = Worker::start(&folder, Protocol::Proto, python.as_ref(), &[]);
    worker.send(&WorkRequest { arguments: triple("a.py", "pkg/a.py", "b.pyc"), ..request(1, "", "") });
    let response = worker.receive();
    assert_eq!((response.exit_code, response.output), (0, stderr(&output)));
    assert_eq!(worker.finish().code, Some(0));
    assert_eq!(folder.read("a.pyc"), folder.read("b.pyc"));
}
