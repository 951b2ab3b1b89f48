//! Whole pycs against `py_compile`'s: header, staleness, mode bits.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use prepyc_engine::{
    Freshness, InvalidationMode, Layout, Optimize, Reason, Source, layout, publish, pyc_bytes, staleness,
};
use tempfile::tempdir;

use crate::support::{engine, every_python, oracles, request, run_python};

const MODES: [InvalidationMode; 3] =
    [InvalidationMode::Timestamp, InvalidationMode::CheckedHash, InvalidationMode::UncheckedHash];

/// Seconds and nanoseconds where 32 bits, floats or rounding matter. Negative ones are before 1970.
const MTIMES: [(i64, u32); 8] = [
    (1_700_000_000, 0),
    (1_700_000_000, 500_000_000),
    (1_700_000_000, 999_999_999),
    (0, 0),
    (-1, 0),
    (-2, 500_000_000),
    (-1_000_000, 999_999_999),
    (5_000_000_000, 1),
];

fn set_mtime(path: &Path, seconds: i64, nanoseconds: u32) {
    let epoch = SystemTime::UNIX_EPOCH;
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { epoch - whole } else { epoch + whole };
    let time = time + Duration::from_nanos(nanoseconds.into());
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// What py_compile writes has our header, and is fresh to us exactly in its own mode.
#[test]
fn headers_and_freshness_are_py_compiles() {
    let script = "\
import py_compile, sys
for mode, pyc in zip(('TIMESTAMP', 'CHECKED_HASH', 'UNCHECKED_HASH'), sys.argv[2:]):
    mode = getattr(py_compile.PycInvalidationMode, mode)
    py_compile.compile(sys.argv[1], pyc, doraise=True, invalidation_mode=mode)
";
    for python in every_python() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("m.py");
        fs::write(&path, "x = 1\n").unwrap();
        let pycs = MODES.map(|mode| folder.path().join(mode.to_string()));
        let arguments: Vec<_> = [&path].into_iter().chain(&pycs).map(|path| path.as_os_str()).collect();
        run_python(&python, script, &arguments);
        let engine = engine(&python);
        let target = engine.target();
        let source = Source::read(&path).unwrap();
        let code = engine.compile(request(&source.bytes, path.to_str().unwrap())).unwrap().code;
        for (mode, pyc) in MODES.into_iter().zip(&pycs) {
            let theirs = fs::read(pyc).unwrap();
            let ours = pyc_bytes(target, mode, &source, code.clone());
            assert_eq!(ours[..16], theirs[..16]);
            for wanted in MODES {
                let expected =
                    if wanted == mode { Freshness::Fresh } else { Freshness::Stale(Reason::WrongMode) };
                assert_eq!(staleness::judge(pyc, &path, wanted, target.magic).unwrap(), expected);
            }
        }
    }
}

/// Odd modification times, too: the interpreter's import would accept our header.
#[test]
fn modification_times_are_cut_off_as_cpython_does() {
    let script = "\
import importlib._bootstrap_external as external, sys
for path in sys.argv[1:]:
    data = external._code_to_timestamp_pyc((lambda: 0).__code__, external._path_stat(path).st_mtime, 6)
    print(data[:16].hex())
";
    for python in every_python() {
        let folder = tempdir().unwrap();
        let engine = engine(&python);
        let paths: Vec<_> = MTIMES
            .iter()
            .enumerate()
            .map(|(number, &(seconds, nanoseconds))| {
                let path = folder.path().join(format!("{number}.py"));
                fs::write(&path, "x = 1\n").unwrap();
                set_mtime(&path, seconds, nanoseconds);
                path
            })
            .collect();
        let arguments: Vec<_> = paths.iter().map(|path| path.as_os_str()).collect();
        let theirs = run_python(&python, script, &arguments);
        for (path, theirs) in paths.iter().zip(theirs.lines()) {
            let source = Source::read(path).unwrap();
            let ours = pyc_bytes(engine.target(), InvalidationMode::Timestamp, &source, Vec::new());
            let ours: String = ours.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(ours, theirs, "{:?} in {}", source.stat, python.display());
        }
    }
}

/// CPython imports what we publish, from where we publish it, without compiling it again.
#[test]
fn the_interpreter_imports_what_is_published() {
    let script = "\
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import importlib._bootstrap_external as external
def never(*args, **kwargs): raise AssertionError('compiled again')
external.SourceLoader.source_to_code = never
import mod
assert mod.x == 41 and mod.__cached__ == sys.argv[2] if hasattr(mod, '__cached__') else mod.x == 41
";
    for python in every_python() {
        let engine = engine(&python);
        for mode in MODES {
            let folder = tempdir().unwrap();
            let path = folder.path().join("mod.py");
            fs::write(&path, "x = 41\n").unwrap();
            let source = Source::read(&path).unwrap();
            let code = engine.compile(request(&source.bytes, path.to_str().unwrap())).unwrap().code;
            let pyc = layout::pyc_path(&path, Layout::Pycache, &engine.target().cache_tag, Optimize::None);
            let bytes = pyc_bytes(engine.target(), mode, &source, code.clone());
            publish::publish(&pyc, &bytes, source.stat.mode).unwrap();
            run_python(&python, script, &[folder.path().as_os_str(), pyc.as_os_str()]);
        }
    }
}

/// Mode bits, for any mode of the source, are those py_compile leaves.
#[test]
fn mode_bits_are_py_compiles() {
    let script = "\
import os, py_compile, sys
for path in sys.argv[1:]:
    py_compile.compile(path, path + 'c', doraise=True)
    print(oct(os.stat(path + 'c').st_mode))
";
    for python in oracles() {
        let folder = tempdir().unwrap();
        let paths = [0o644, 0o444, 0o755, 0o600, 0o400, 0o666, 0o4755, 0o777].map(|mode| {
            let path = folder.path().join(format!("{mode:o}.py"));
            fs::write(&path, "x = 1\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        });
        let arguments: Vec<_> = paths.iter().map(|path| path.as_os_str()).collect();
        let theirs = run_python(&python, script, &arguments);
        for (path, theirs) in paths.iter().zip(theirs.lines()) {
            let ours = path.with_extension("ours");
            publish::publish(&ours, b"whatever", Source::read(path).unwrap().stat.mode).unwrap();
            let mode = fs::metadata(&ours).unwrap().permissions().mode();
            assert_eq!(format!("0o{mode:o}"), theirs, "{}", path.display());
        }
    }
}
