//! What the engine gets from well-behaved interpreters.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;

use prepyc_bytecode::Program;
use prepyc_engine::{CompileFailure, Engine, EngineError, Filename, Limits, Optimize, TargetError};
use tempfile::tempdir;

use crate::support::{
    engine, every_python, machine_pythons, oracle, oracles, rejection, request, run_python,
};

#[test]
fn the_target_is_what_the_interpreter_says() {
    for version in crate::support::ORACLES {
        let Some(python) = oracle(version) else { continue };
        let engine = engine(&python);
        let target = engine.target();
        let release: prepyc_version::PyRelease = version.parse().unwrap();
        assert_eq!(target.release, Some(release));
        assert_eq!(target.magic, release.magic());
        assert_eq!(target.cache_tag, release.cache_tag());
        let interpreter = target.interpreter.as_ref().unwrap();
        assert_eq!(format!("{}.{}", interpreter.major, interpreter.minor), version);
        assert_eq!(interpreter.release_level, "final");
        assert_eq!(interpreter.executable, python);
    }
}

#[test]
fn code_is_canonical_and_keeps_its_filename() {
    for python in oracles() {
        let engine = engine(&python);
        let version = engine.target().version().expect("every oracle is known");
        let name = b"some/\xff\xc3\xa9.py";
        let mut wanted = request(b"def f(x):\n    return x + 1\n", "");
        wanted.filename = Filename::from_bytes(*name);
        let compiled = engine.compile(wanted).unwrap();
        let program = Program::from_marshal(&compiled.code, version).unwrap();
        assert_eq!(program.to_marshal(), compiled.code);
        // A byte that is no UTF-8 is the surrogate U+DCFF, three bytes in marshal.
        assert_eq!(program.str(program.code.filename).as_bytes(), b"some/\xed\xb3\xbf\xc3\xa9.py");
    }
}

/// Field by field: `marshal.loads` of ours compares equal to `compile`'s in the interpreter itself.
#[test]
fn the_interpreter_loads_what_it_would_have_compiled() {
    let source = b"'''doc'''\nimport os\nclass A:\n    x = (1, 'a', b'b', 1.5, 2j, None, ..., {3, 4} == {5})\n    def f(self, *a, k=1):\n        assert a, 'no'\n        return [lambda: (i, self) for i in a if i in {'p', 'q', 'r'}]\n";
    let script = "\
import marshal, sys
for level, path in enumerate(sys.argv[2:]):
    ours = marshal.loads(open(path, 'rb').read())
    theirs = compile(open(sys.argv[1], 'rb').read(), 'm.py', 'exec', dont_inherit=True, optimize=level)
    assert ours == theirs and ours.co_filename == 'm.py', level
    assert list(ours.co_lines()) == list(theirs.co_lines()) if hasattr(ours, 'co_lines') else True
";
    for python in every_python() {
        let folder = tempdir().unwrap();
        let engine = engine(&python);
        let mut paths = vec![folder.path().join("m.py")];
        fs::write(&paths[0], source).unwrap();
        for optimize in Optimize::ALL {
            let mut wanted = request(source, "m.py");
            wanted.optimize = optimize;
            let path = folder.path().join(optimize.to_string());
            fs::write(&path, engine.compile(wanted).unwrap().code).unwrap();
            paths.push(path);
        }
        let arguments: Vec<_> = paths.iter().map(|path| path.as_os_str()).collect();
        run_python(&python, script, &arguments);
    }
}

/// That the code is the interpreter's own is checked with that of all others, above.
#[test]
fn old_releases_pass_through() {
    for (version, python) in machine_pythons(&["3.8", "3.9", "3.10"]) {
        let engine = engine(&python);
        assert_eq!(engine.target().release, Some(version.parse().unwrap()));
        assert_eq!(engine.target().version(), None);
        let diagnostic = rejection(engine.compile(request(b"x = = 1\n", "m.py")));
        assert_eq!((diagnostic.kind.as_str(), diagnostic.line), ("SyntaxError", Some(1)));
        assert!(diagnostic.to_string().contains("File \"m.py\", line 1"), "{diagnostic}");
    }
}

#[test]
fn many_requests_are_answered_once_each() {
    for python in oracles() {
        let engine = engine(&python);
        let (sender, receiver) = mpsc::channel();
        for number in 0..300_usize {
            let source = format!("x = {number}\n{}", "y = [1, 2]\n".repeat(number % 7 * 100));
            let source = if number % 10 == 3 { "(".to_owned() } else { source };
            let sender = sender.clone();
            engine.submit(request(source.as_bytes(), &format!("{number}.py")), move |result| {
                sender.send((number, result.is_ok())).unwrap();
            });
        }
        drop(sender);
        let mut answers: Vec<_> = receiver.iter().collect();
        answers.sort_unstable();
        let expected: Vec<_> = (0..300).map(|number| (number, number % 10 != 3)).collect();
        assert_eq!(answers, expected);
    }
}

#[test]
fn equal_requests_have_equal_bytes_in_any_order() {
    let sources: Vec<Vec<u8>> = (0..40)
        .map(|n| format!("class C{n}:\n    a = {{'x', 'y', 'z{n}'}}\n    def f(self): return self.f in {{'p', 'q', 'r', 's'}}\n").into_bytes())
        .collect();
    for python in oracles() {
        let (many, one) = (engine(&python), Engine::interpreter(&python, 1, Limits::STANDARD).unwrap());
        let (sender, receiver) = mpsc::channel();
        for (number, source) in sources.iter().enumerate() {
            let sender = sender.clone();
            many.submit(request(source, "m.py"), move |result| {
                sender.send((number, result.unwrap().code)).unwrap();
            });
        }
        drop(sender);
        let mut parallel: Vec<_> = receiver.iter().collect();
        parallel.sort_unstable();
        let mut alone: Vec<_> = (0..sources.len())
            .rev()
            .map(|number| (number, one.compile(request(&sources[number], "m.py")).unwrap().code))
            .collect();
        alone.sort_unstable();
        assert!(parallel == alone);
    }
}

/// What lies in the current folder or in PYTHON* variables is nobody's business. The test process's own folder cannot
/// be changed while others run, so a wrapper does it.
#[test]
fn the_current_folder_is_not_imported_from() {
    for python in every_python() {
        let folder = tempdir().unwrap();
        for module in
            ["io", "os", "marshal", "warnings", "linecache", "traceback", "sitecustomize", "codecs", "re"]
        {
            let trap = format!("open({:?}, 'a').write('{module}')\n", folder.path().join("imported"));
            fs::write(folder.path().join(format!("{module}.py")), trap).unwrap();
        }
        let wrapper = folder.path().join("python");
        let text = format!(
            "#!/bin/sh\ncd '{}'\necho printed before anything else\nexec '{}' \"$@\"\n",
            folder.path().display(),
            python.display()
        );
        fs::write(&wrapper, text).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        let engine = engine(&wrapper);
        assert!(engine.compile(request(b"x = 1\n", "m.py")).is_ok());
        rejection(engine.compile(request(b"x = = 1\n", "m.py")));
        rejection(engine.compile(request(b"whlie x:\n  pass\n", "os.py")));
        drop(engine);
        assert!(!folder.path().join("imported").exists());
    }
}

/// The inner run has variables that would make every compile fail.
#[test]
fn python_variables_change_nothing() {
    const INNER: &str = "PREPYC_TEST_VARIABLES";
    if env::var_os(INNER).is_some() {
        for python in every_python() {
            let compiled = engine(&python).compile(request(b"assert x is 1\n", "m.py")).unwrap();
            assert_eq!(compiled.warnings.len(), 1);
        }
        return;
    }
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("warnings.py"), "raise SystemExit('imported')\n").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "interpreters::python_variables_change_nothing"])
        .env(INNER, "1")
        .env("PYTHONPATH", folder.path())
        .envs([("PYTHONWARNINGS", "error"), ("PYTHONVERBOSE", "1"), ("PYTHONINSPECT", "1")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn warnings_are_what_py_compile_shows() {
    let source = b"assert (1, 'always')\ntry:\n    pass\nfinally:\n    x is 1\nx is 1\n";
    let script = "\
import py_compile, sys, warnings
warnings.showwarning = lambda m, c, f, l, *rest: seen.append(warnings.formatwarning(m, c, 'm.py', l, lines[l - 1]))
seen, lines = [], open(sys.argv[1]).read().splitlines()
py_compile.compile(sys.argv[1], sys.argv[2], dfile='m.py', doraise=True)
print(''.join(dict.fromkeys(seen)))
";
    for python in every_python() {
        let folder = tempdir().unwrap();
        let (path, pyc) = (folder.path().join("m.py"), folder.path().join("m.pyc"));
        fs::write(&path, source).unwrap();
        let theirs = run_python(&python, script, &[path.as_os_str(), pyc.as_os_str()]);
        let compiled = engine(&python).compile(request(source, "m.py")).unwrap();
        let ours: Vec<_> = compiled.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(ours.join("\n"), theirs.trim_end());
        assert!(ours.len() >= 2, "{ours:?}");
    }
}

#[test]
fn what_is_no_python_is_refused() {
    for (program, said) in [
        ("/bin/true", "exited with code 0"),
        ("/bin/cat", "exited with code 1"),
        ("/nonexistent/python", "No such file"),
        ("no-such-python-anywhere", "no such program on PATH"),
        ("/etc/passwd", "ermission denied"),
        ("/tmp", "ermission denied"),
    ] {
        let error = Engine::interpreter(Path::new(program), 1, Limits::STANDARD).unwrap_err();
        assert!(matches!(error, EngineError::Start { .. }), "{error}");
        assert!(error.to_string().starts_with(program), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_python_that_is_too_old_is_named() {
    let Some(python) = oracle("3.13") else { return };
    let folder = tempdir().unwrap();
    let wrapper = folder.path().join("python");
    // The same interpreter, lying about its age.
    let text = format!(
        "#!/bin/sh\nfor last; do :; done\nexec '{}' -S -c 'import sys
class Version(tuple): major, minor = 3, 7
sys.version_info = Version((3, 7, 16, \"final\", 0))
exec(sys.argv[1])' \"$last\"\n",
        python.display()
    );
    fs::write(&wrapper, text).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let error = Engine::interpreter(&wrapper, 1, Limits::STANDARD).unwrap_err();
    assert!(matches!(error, EngineError::Target(TargetError::TooOld(_))), "{error}");
    assert!(error.to_string().contains("is Python 3.7.16; the oldest that works is 3.8"), "{error}");
}

#[test]
fn a_dropped_engine_answers_everything_and_leaves_no_process() {
    let Some(python) = oracle("3.13") else { return };
    let folder = tempdir().unwrap();
    let marker = folder.path().as_os_str().as_bytes();
    let engine = engine(&python);
    let (sender, receiver) = mpsc::channel();
    let slow = "x = [\n".to_owned() + &"(1, 2, y, z),\n".repeat(60_000) + "]\n";
    for number in 0..20 {
        let sender = sender.clone();
        let mut wanted = request(slow.as_bytes(), "");
        wanted.filename = Filename::from_bytes(marker);
        engine.submit(wanted, move |result| sender.send((number, result)).unwrap());
    }
    drop(sender);
    drop(engine);
    let answers: Vec<_> = receiver.iter().collect();
    assert_eq!(answers.len(), 20);
    let ended =
        |(_, result): &(i32, _)| matches!(result, Err(CompileFailure::Engine(EngineError::ShutDown { .. })));
    assert!(answers.iter().filter(|answer| ended(answer)).count() >= 10);
}
