//! Reports: what they count, what they measure with real interpreters, and what stands in the page.

mod built;

use std::fs;
use std::path::Path;
use std::time::Duration;

use built::{Binary, VERSIONS};
use prepyc_build::launcher::Main;
use prepyc_build::report::{
    Amount, FileKind, ImportMeasurement, Report, ReportError, ShippedFile, measure_imports,
};
use prepyc_build::runfiles::RunfilesEntry;
use prepyc_testing::Oracle;

fn file(folder: &Path, path: &str, kind: FileKind, package: &str, size: usize) -> ShippedFile {
    let file = folder.join(path.replace('/', "_"));
    fs::write(&file, vec![b'#'; size]).unwrap();
    ShippedFile { path: path.into(), file: Some(file), kind, package: package.into(), source: None }
}

fn made_from(mut pyc: ShippedFile, path: &str, source: &Path) -> ShippedFile {
    pyc.source = Some((path.into(), source.to_owned()));
    pyc
}

fn amount(files: u64, size_bytes: u64) -> Amount {
    Amount { files, size_bytes }
}

#[test]
fn three_binaries_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let a = file(at, "_main/a.py", FileKind::Source, "//", 100);
    let source = a.file.clone().unwrap();
    let left_out = at.join("left_out.py");
    fs::write(&left_out, [b'#'; 1000]).unwrap();
    let files = [
        made_from(
            file(at, "_main/__pycache__/a.cpython-311.pyc", FileKind::Pyc, "//", 30),
            "_main/a.py",
            &source,
        ),
        made_from(
            file(at, "_main/__pycache__/a.cpython-311.opt-1.pyc", FileKind::Pyc, "//", 20),
            "_main/a.py",
            &source,
        ),
        a,
        file(at, "_main/plain.py", FileKind::Source, "//", 7),
        made_from(file(at, "pip/b.pyc", FileKind::Pyc, "requests", 400), "pip/b.py", &left_out),
        file(at, "pip/alone.pyc", FileKind::Pyc, "requests", 5),
        file(at, "pip/data.bin", FileKind::Data, "requests", 1),
        ShippedFile {
            path: "pip/__init__.py".into(),
            file: None,
            kind: FileKind::Source,
            package: "requests".into(),
            source: None,
        },
    ];
    let report = Report::new("//:app", &files).unwrap();
    assert_eq!(report.total.without_pycs, amount(6, 100 + 7 + 1000 + 5 + 1));
    assert_eq!(report.total.shipped, amount(8, 30 + 20 + 100 + 7 + 400 + 5 + 1));
    assert_eq!(report.total.without_sources, amount(6, 30 + 7 + 400 + 5 + 1));
    assert_eq!(report.total.overhead_bytes(), -550);
    let names: Vec<_> = report.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["requests", "//"]);
    assert!(report.files.iter().any(|file| file.path == "pip/b.py" && !file.ships));
    let text = report.text();
    assert!(text.contains("requests") && text.contains("-550 B"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["total"]["shipped"]["size_bytes"], 563);
    assert_eq!(json["packages"][0]["without_sources"]["files"], 4);
    assert_eq!(json["import_times"], serde_json::Value::Null);
}

#[test]
fn hostile_names_stay_text_in_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut hostile = file(folder.path(), "x", FileKind::Data, "</script><script>alert(1)</script>", 3);
    hostile.path = "_main/\"><img src=x onerror=alert(2)>&@DATA@\u{1b}[2J".into();
    let report = Report::new("//:a<b>'\"@TABLE@", &[hostile]).unwrap();
    let page = report.html();
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    assert!(page.contains("//:a&lt;b&gt;&#39;&quot;@TABLE@"));
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(
        !page.contains("http://") || page.matches("http://").count() == 1,
        "only the name of SVG's namespace"
    );
    assert!(!report.text().contains('\u{1b}'));
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["packages"][0], "</script><script>alert(1)</script>");
}

/// The files of a binary as its report is told them.
fn shipped(binary: &Binary) -> Vec<ShippedFile> {
    let tree = binary.tree();
    let entries = tree.entries().iter();
    let files = entries.map(|(path, entry)| {
        let RunfilesEntry::File(file) = entry else { panic!("a file") };
        let kind = if path.ends_with(".pyc") { FileKind::Pyc } else { FileKind::Source };
        let source = path
            .replace("__pycache__/", "")
            .replace(&format!(".{}", binary.tag()), "")
            .replace(".pyc", ".py");
        let on_disk = binary.workspace().join(source.trim_start_matches("_main/"));
        let source = (kind == FileKind::Pyc).then_some((source, on_disk));
        ShippedFile { path: path.clone(), file: Some(file.clone()), kind, package: "//".into(), source }
    });
    files.collect()
}

#[test]
fn imports_are_timed_without_running_the_main_file() {
    for version in VERSIONS {
        let Some(oracle) = Oracle::find_or_skip(version, "imports_are_timed_without_running_the_main_file")
        else {
            continue;
        };
        let mut binary = Binary::new(&oracle);
        let mark = binary.workspace().join("mark");
        let main = format!(
            "import lib.mod\nfrom lib import other\ntry:\n    import not_there\nexcept ImportError:\n    pass\n\
             def f():\n    import lib.lazy\nopen({:?}, 'w')\n",
            mark.display().to_string()
        );
        binary.source("app/main.py", &main);
        let large: String =
            (0..400).map(|n| format!("def f{n}(a, b):\n    return [a + {n} for a in b if a]\n")).collect();
        for name in ["mod", "other", "lazy"] {
            binary.source(&format!("lib/{name}.py"), &large);
            binary.pyc(&format!("lib/{name}.py"), &large);
        }
        let files = shipped(&binary);
        let time_limit = Duration::from_secs(120);
        let times = measure_imports(&ImportMeasurement {
            files: &files,
            launcher: &binary.launcher,
            rounds: 1,
            time_limit,
        })
        .unwrap();
        assert!(!mark.exists(), "the main file was not run");
        assert_eq!((times.modules, times.modules_from_pycs, times.rounds), (4, 3, 1));
        assert_eq!(
            (times.imported, times.imported_from_pycs),
            (2, 2),
            "mod and other; lib itself has no file"
        );
        assert_eq!(times.failures.len(), 1);
        assert_eq!(times.failures[0].name, "not_there");
        let importing = times.importing.unwrap();
        assert!(
            importing.with_pycs.min <= importing.with_pycs.median
                && importing.with_pycs.median <= importing.with_pycs.max
        );

        // Without their sources, and for a module that is run; the sources are known all the same.
        binary.remove("_main/lib/mod.py");
        binary.remove(
            "_main/lib/__pycache__/mod.cpython-311.pyc".replace("311", &version.replace('.', "")).as_str(),
        );
        binary.sourceless("lib/mod.pyc", &large);
        binary.launcher.main = Main::Module("app.main".into());
        let files = shipped(&binary);
        let times = measure_imports(&ImportMeasurement {
            files: &files,
            launcher: &binary.launcher,
            rounds: 1,
            time_limit,
        })
        .unwrap();
        assert_eq!((times.modules, times.imported, times.imported_from_pycs), (4, 2, 2));
        let mut report = Report::new("//app", &files).unwrap();
        report.import_times = Some(times);
        assert!(report.text().contains("2 modules came in, 2 of them from pycs"), "{}", report.text());
        assert!(report.html().contains("Importing, with pycs"));
    }
}

#[test]
fn an_import_that_never_ends_is_ended() {
    let Some(oracle) = Oracle::find_or_skip("3.14", "an_import_that_never_ends_is_ended") else { return };
    let binary = Binary::new(&oracle);
    binary.source("app/main.py", "import lib.mod\n");
    binary.source("lib/mod.py", "import signal\nwhile True:\n    signal.pause()\n");
    let files = shipped(&binary);
    let time_limit = Duration::from_secs(3);
    let measurement = ImportMeasurement { files: &files, launcher: &binary.launcher, rounds: 1, time_limit };
    let error = measure_imports(&measurement).unwrap_err();
    assert!(
        matches!(&error, ReportError::Interpreter { reason, .. } if reason.contains("longer than 3")),
        "{error}"
    );
}
