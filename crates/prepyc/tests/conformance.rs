//! Whole trees of real code: `prepyc compile` accepts what the interpreter accepts, and writes what it would write.
//!
//! A test for each standard library and each pinned wheel, by version. The comparison is the interpreter's own work:
//! `tests/conformance/compare_tree.py` compiles each source again and compares header and every field of every
//! code object. Wheels are compiled at all three levels for one version, at one for the others. That is for pycs by way of
//! the interpreter; those of the native engine, for the versions that it compiles for, have to be the same, and so does
//! what it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use prepyc_testing::tree::{self, Engine, read_pycs};
use prepyc_testing::{Oracle, Package};
use prepyc_version::PyVersion;
use serde_json::Value;

/// A tree to compile, and how.
#[derive(Clone, Copy)]
struct Case {
    version: &'static str,
    mode: &'static str,
    levels: &'static [&'static str],
}

/// Among them every mode of invalidation and every level.
const STDLIBS: [Case; 3] = [
    Case { version: "3.11", mode: "timestamp", levels: &["0"] },
    Case { version: "3.13", mode: "checked-hash", levels: &["0"] },
    Case { version: "3.14", mode: "unchecked-hash", levels: &["0"] },
];
const WHEELS: [Case; 3] = [
    Case { version: "3.11", mode: "checked-hash", levels: &["2"] },
    Case { version: "3.13", mode: "timestamp", levels: &["0", "1", "2"] },
    Case { version: "3.14", mode: "unchecked-hash", levels: &["1"] },
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in STDLIBS {
        let name = format!("stdlib_{}", case.version);
        trials.push(Trial::test(name.clone(), move || check_stdlib(&name, case)));
    }
    for case in WHEELS {
        for package in Package::sample() {
            let name = format!("{}_{}", package.name, case.version);
            trials.push(Trial::test(name.clone(), move || check_wheel(&name, case, package)));
        }
    }
    trials.push(Trial::test("the_comparison_finds_what_is_wrong", the_comparison_finds_what_is_wrong));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The comparison itself, held against pycs that were spoilt in one way each.
fn the_comparison_finds_what_is_wrong() -> Result<(), Failed> {
    let Some(oracle) = Oracle::find_or_skip("3.13", "the_comparison_finds_what_is_wrong") else {
        return Ok(());
    };
    let (sources, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let bodies = [
        ("good", "x = 1.0"),
        ("sign", "x = 0.0"),
        ("line", "x = 1"),
        ("kind", "x = 1"),
        ("header", "x = 1"),
        ("cut", "x = 1"),
        ("gone", "x = 1"),
        ("long", "x = 1"),
        ("refused", "x = "),
    ];
    for (name, body) in bodies {
        fs::write(sources.path().join(name).with_extension("py"), body)?;
    }
    let case = Case { version: "3.13", mode: "checked-hash", levels: &["0"] };
    let rejected = compile(&oracle, Engine::Interpreter, sources.path(), out.path(), case)?;
    assert_eq!(rejected.len(), 1);
    let pyc = |name: &str| out.path().join("__pycache__").join(format!("{name}.cpython-313.pyc"));
    // As if another source had been compiled: the header stays, the body is that of the spoilt source.
    for (name, body) in [("sign", "x = -0.0"), ("line", "\nx = 1"), ("kind", "x = 1.0")] {
        let (path, good) = (sources.path().join(name).with_extension("py"), fs::read(pyc(name))?);
        let kept = fs::read(&path)?;
        fs::write(&path, body)?;
        compile(&oracle, Engine::Interpreter, sources.path(), out.path(), case)?;
        let spoilt = fs::read(pyc(name))?;
        fs::write(&path, kept)?;
        fs::write(pyc(name), [&good[..16], &spoilt[16..]].concat())?;
    }
    let edit = |name: &str, edit: fn(&mut Vec<u8>)| -> Result<(), Failed> {
        let mut bytes = fs::read(pyc(name))?;
        edit(&mut bytes);
        Ok(fs::write(pyc(name), bytes)?)
    };
    edit("header", |bytes| bytes[8] ^= 1)?;
    edit("cut", |bytes| bytes.truncate(bytes.len() - 1))?;
    edit("long", |bytes| bytes.push(0))?;
    fs::rename(pyc("gone"), pyc("refused"))?;
    let found = compare(&oracle, sources.path(), out.path(), case)?;
    assert_eq!(found["pycs"], 1, "only one is good: {found}");
    assert_eq!(found["rejected"].as_object().map(serde_json::Map::len), Some(1), "{found}");
    // Seven spoilt ones, and the one that nothing calls for.
    assert_eq!(found["wrong"].as_array().map(Vec::len), Some(8), "{found}");
    Ok(())
}

fn check_stdlib(name: &str, case: Case) -> Result<(), Failed> {
    let Some(oracle) = Oracle::find_or_skip(case.version, name) else { return Ok(()) };
    let stdlib = oracle.stdlib();
    if !stdlib.join("test").is_dir() {
        prepyc_testing::skip(name, &format!("{} has no tests in it", stdlib.display()));
        return Ok(());
    }
    check_tree(&oracle, &stdlib, case)
}

fn check_wheel(name: &str, case: Case, package: Package) -> Result<(), Failed> {
    let Some(oracle) = Oracle::find_or_skip(case.version, name) else { return Ok(()) };
    let Some(folder) = package.folder_or_skip(name) else { return Ok(()) };
    check_tree(&oracle, &folder, case)
}

fn check_tree(oracle: &Oracle, sources: &Path, case: Case) -> Result<(), Failed> {
    let out = tempfile::tempdir()?;
    let reported = compile(oracle, Engine::Interpreter, sources, out.path(), case)?;
    let found = compare(oracle, sources, out.path(), case)?;
    let mut wrong: Vec<String> = found["wrong"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if case.version.parse::<PyVersion>()?.features().native_compiler_is_exact {
        wrong.extend(check_native(oracle, sources, case, out.path(), &reported)?);
    }
    let mut rejected = found["rejected"].as_object().cloned().unwrap_or_default();
    for (path, error) in reported {
        match rejected.remove(&path) {
            None => wrong.push(format!("{path}: refused by prepyc: {error}")),
            // The interpreter's text goes on with file and line.
            Some(theirs) if !theirs.as_str().is_some_and(|theirs| theirs.starts_with(&error)) => {
                wrong.push(format!("{path}: told {error}, not {theirs}"));
            }
            Some(_) => {}
        }
    }
    wrong.extend(rejected.keys().map(|path| format!("{path}: no error told")));
    if found["pycs"].as_u64() == Some(0) {
        wrong.push("nothing was compared".to_owned());
    }
    if !wrong.is_empty() {
        let shown = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        return Err(format!("{} things are wrong, first these:\n{shown}", wrong.len()).into());
    }
    Ok(())
}

/// What the native engine makes of the tree other than the interpreter engine, whose pycs stand below `wanted`.
fn check_native(
    oracle: &Oracle,
    sources: &Path,
    case: Case,
    wanted: &Path,
    wanted_reports: &BTreeMap<String, String>,
) -> Result<Vec<String>, Failed> {
    let out = tempfile::tempdir()?;
    let reports = compile(oracle, Engine::Native, sources, out.path(), case)?;
    let (found, wanted) = (read_pycs(out.path()), read_pycs(wanted));
    let pycs = wanted.keys().chain(found.keys().filter(|path| !wanted.contains_key(*path)));
    let differing = pycs.filter(|path| found.get(*path) != wanted.get(*path));
    let mut wrong: Vec<_> =
        differing.map(|path| format!("{}: other bytes natively", path.display())).collect();
    let sources =
        wanted_reports.keys().chain(reports.keys().filter(|path| !wanted_reports.contains_key(*path)));
    for path in sources.filter(|path| reports.get(*path) != wanted_reports.get(*path)) {
        let (native, interpreter) = (reports.get(path), wanted_reports.get(path));
        wrong.push(format!("{path}: told {native:?} natively, {interpreter:?} by the interpreter"));
    }
    Ok(wrong)
}

/// Compiles the tree and returns the sources that prepyc says it could not compile, and what it says of them.
fn compile(
    oracle: &Oracle,
    engine: Engine,
    sources: &Path,
    out: &Path,
    case: Case,
) -> Result<BTreeMap<String, String>, Failed> {
    let mut command = tree::prepyc_compile(env!("CARGO_BIN_EXE_prepyc"), oracle, engine);
    command.args(["--exclude", "site-packages", "--output-format", "json", "--invalidation-mode", case.mode]);
    for level in case.levels {
        command.args(["-O", level]);
    }
    let output = command.arg("--out-dir").arg(out).arg(sources).output()?;
    let mut failed = BTreeMap::new();
    let mut summary = Value::Null;
    for line in String::from_utf8(output.stdout)?.lines() {
        let object: Value = serde_json::from_str(line)?;
        if let Some(totals) = object.get("summary") {
            summary = totals.clone();
        } else if object["status"] == "failed" {
            let path = Path::new(object["path"].as_str().ok_or("a path")?).strip_prefix(sources)?;
            let error = object["error"].as_str().ok_or("an error")?;
            failed.insert(path.to_str().ok_or("UTF-8")?.to_owned(), error.to_owned());
        }
    }
    let code = output.status.code();
    let errors = String::from_utf8_lossy(&output.stderr);
    if code != Some(i32::from(!failed.is_empty())) {
        return Err(format!("exit code {code:?} with {} files failed: {errors}", failed.len()).into());
    }
    if summary["failed"].as_u64() != Some(failed.len() as u64) {
        return Err(format!("{} files failed, but the summary says {summary}", failed.len()).into());
    }
    Ok(failed)
}

/// Asks the interpreter what it would have made of the tree.
fn compare(oracle: &Oracle, sources: &Path, out: &Path, case: Case) -> Result<Value, Failed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/compare_tree.py");
    let mut command: Command = oracle.command();
    let output = command.arg(script).arg(sources).arg(out).arg(case.mode).args(case.levels).output()?;
    if !output.status.success() {
        return Err(format!("the comparison failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
