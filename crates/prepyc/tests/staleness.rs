//! What is stale, by the real binary: each mode a pyc may have, each mode that may be wanted, each thing that may happen between.
//!
//! Afterwards the headers are held against those that `py_compile` writes.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use prepyc_testing::Oracle;

const MODES: [&str; 3] = ["timestamp", "checked-hash", "unchecked-hash"];
const TAG: &str = "cpython-313";
const SOURCE: &str = "x = 1\n";
/// As long as [`SOURCE`].
const EDITED: &str = "x = 2\n";

/// What happens between two runs.
#[derive(Clone, Copy, Debug)]
enum Event {
    Unchanged,
    Touched,
    EditedSameSizeSameMtime,
    EditedSameSize,
    Truncated,
    NoBody,
    OtherMagic,
    Deleted,
    UnknownFlags,
}

impl Event {
    const ALL: [Event; 9] = [
        Event::Unchanged,
        Event::Touched,
        Event::EditedSameSizeSameMtime,
        Event::EditedSameSize,
        Event::Truncated,
        Event::NoBody,
        Event::OtherMagic,
        Event::Deleted,
        Event::UnknownFlags,
    ];

    /// Why a pyc in the wanted mode is stale after this; `None`: it is up to date.
    fn reason(self, mode: &str) -> Option<&'static str> {
        match (self, mode) {
            (Event::Unchanged, _) => None,
            (Event::Touched, "timestamp") => Some("the source's modification time or size has changed"),
            (Event::Touched, _) => None,
            // What timestamps cannot tell, and Python itself does not see either.
            (Event::EditedSameSizeSameMtime, "timestamp") => None,
            (Event::EditedSameSize, "timestamp") => {
                Some("the source's modification time or size has changed")
            }
            (Event::EditedSameSizeSameMtime | Event::EditedSameSize, _) => Some("the source has changed"),
            (Event::Truncated | Event::NoBody, _) => Some("the pyc is truncated"),
            (Event::OtherMagic, _) => Some("the pyc is of another Python"),
            (Event::Deleted, _) => Some("there is no pyc"),
            (Event::UnknownFlags, _) => Some("the pyc has another invalidation mode"),
        }
    }

    /// Whether the damage is seen before the mode is.
    fn comes_before_mode(self) -> bool {
        matches!(self, Event::Truncated | Event::NoBody | Event::OtherMagic | Event::Deleted)
    }

    fn happen(self, source: &Path, pyc: &Path) {
        let modified = fs::metadata(source).unwrap().modified().unwrap();
        let bytes = fs::read(pyc).unwrap();
        match self {
            Event::Unchanged => {}
            Event::Touched => set_modified(source, modified + Duration::from_secs(10)),
            Event::EditedSameSizeSameMtime => {
                fs::write(source, EDITED).unwrap();
                set_modified(source, modified);
            }
            Event::EditedSameSize => {
                fs::write(source, EDITED).unwrap();
                set_modified(source, modified + Duration::from_secs(10));
            }
            Event::Truncated => fs::write(pyc, &bytes[..8]).unwrap(),
            Event::NoBody => fs::write(pyc, &bytes[..16]).unwrap(),
            Event::OtherMagic => fs::write(pyc, [b"\xa7\x0d\r\n", &bytes[4..]].concat()).unwrap(),
            Event::Deleted => fs::remove_file(pyc).unwrap(),
            Event::UnknownFlags => fs::write(pyc, [&bytes[..4], &[4], &bytes[5..]].concat()).unwrap(),
        }
    }
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Runs `prepyc compile` and gives the status and the reason of each file.
fn compile(oracle: &Oracle, folder: &Path, arguments: &[&str]) -> BTreeMap<String, (String, Option<String>)> {
    let output = Command::new(env!("CARGO_BIN_EXE_prepyc"))
        .args(["compile", "--output-format", "json", "--python"])
        .arg(oracle.executable())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|file| {
            let status = text(&file["status"]).unwrap_or_default();
            Some((text(&file["path"])?, (status, text(&file["pycs"][0]["reason"]))))
        })
        .collect()
}

#[test]
fn each_mode_against_each_mode_after_each_event() {
    let test = "staleness::each_mode_against_each_mode_after_each_event";
    let Some(oracle) = Oracle::find_or_skip("3.13", test) else { return };
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let mut expected = BTreeMap::new();
    for had in MODES {
        for wanted in MODES {
            let folder = root.join(had).join(wanted);
            fs::create_dir_all(&folder).unwrap();
            for event in Event::ALL {
                fs::write(folder.join(format!("{event:?}.py")), SOURCE).unwrap();
                let reason = match event.reason(wanted) {
                    reason if had == wanted || event.comes_before_mode() => reason,
                    _ => Some("the pyc has another invalidation mode"),
                };
                let status = if reason.is_some() { "stale" } else { "fresh" };
                let path = format!("{had}/{wanted}/{event:?}.py");
                expected.insert(path, (status.to_owned(), reason.map(str::to_owned)));
            }
        }
        compile(&oracle, root, &["--invalidation-mode", had, had]);
    }
    for had in MODES {
        for wanted in MODES {
            for event in Event::ALL {
                let folder = root.join(had).join(wanted);
                let pyc = folder.join("__pycache__").join(format!("{event:?}.{TAG}.pyc"));
                event.happen(&folder.join(format!("{event:?}.py")), &pyc);
            }
        }
    }
    let in_mode = |wanted: &str, check: &[&str]| {
        let folders = MODES.map(|had| format!("{had}/{wanted}"));
        let arguments = ["--invalidation-mode", wanted].into_iter().chain(check.iter().copied());
        let arguments: Vec<&str> = arguments.chain(folders.iter().map(String::as_str)).collect();
        compile(&oracle, root, &arguments)
    };
    let mut seen = BTreeMap::new();
    for wanted in MODES {
        seen.extend(in_mode(wanted, &["--check"]));
    }
    assert_eq!(seen, expected);
    for wanted in MODES {
        for (path, (status, _)) in in_mode(wanted, &[]) {
            let is_stale = expected[&path].0 == "stale";
            assert_eq!(status, if is_stale { "compiled" } else { "fresh" }, "{path} for {wanted}");
        }
        let again = in_mode(wanted, &["--check"]);
        assert!(again.values().all(|(status, _)| status == "fresh"), "{again:?}");
    }
    check_headers(&oracle, root);
}

/// Has `py_compile` compile each source in each mode, and compares the headers.
fn check_headers(oracle: &Oracle, root: &Path) {
    let program = "
import glob, py_compile, sys
modes = {name: getattr(py_compile.PycInvalidationMode, name.replace('-', '_').upper()) for name in sys.argv[1:]}
for source in sorted(glob.glob('*/*/*.py')):
    if source.endswith('EditedSameSizeSameMtime.py'):
        continue
    had, wanted, name = source.split('/')
    ours = f'{had}/{wanted}/__pycache__/{name[:-3]}.cpython-313.pyc'
    py_compile.compile(source, cfile='theirs.pyc', doraise=True, invalidation_mode=modes[wanted])
    with open(ours, 'rb') as a, open('theirs.pyc', 'rb') as b:
        assert a.read(16) == b.read(16), source
    print(source)
";
    let output = oracle.command().arg("-c").arg(program).args(MODES).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let compared = String::from_utf8(output.stdout).unwrap().lines().count();
    assert_eq!(compared, MODES.len() * MODES.len() * (Event::ALL.len() - 1));
}
