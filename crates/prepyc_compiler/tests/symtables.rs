//! Symbol tables against those of real interpreters: every scope, every name, every flag, over whole standard libraries.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_compiler::{future_features, symtable::symtable_listing};
use prepyc_syntax::parse_module;
use prepyc_testing::Oracle;
use prepyc_version::PyVersion;

/// Stages deeper than a thread of the test harness has stack for.
const STACK_BYTES: usize = 256 << 20;

#[test]
fn symbol_tables_of_the_standard_library_3_13() {
    compare_standard_library("3.13", "symbol_tables_of_the_standard_library_3_13");
}

#[test]
fn symbol_tables_of_the_standard_library_3_14() {
    compare_standard_library("3.14", "symbol_tables_of_the_standard_library_3_14");
}

fn compare_standard_library(version: &'static str, test: &str) {
    let Some(oracle) = Oracle::find_or_skip(version, test) else { return };
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    let compared = worker.spawn(move || compare(&oracle, version)).expect("a thread starts").join();
    let (compared, differing) = compared.expect("the comparison does not panic");
    assert!(compared > 500, "only {compared} files were compared");
    let shown: Vec<_> = differing.iter().take(20).map(String::as_str).collect();
    assert!(differing.is_empty(), "{} of {compared} differ:\n{}", differing.len(), shown.join("\n"));
}

fn compare(oracle: &Oracle, version: &str) -> (usize, Vec<String>) {
    let mut files = Vec::new();
    collect(&oracle.stdlib(), &mut files);
    files.sort();
    let expected = oracle_listings(oracle, &files);
    let version: PyVersion = version.parse().expect("a known version");
    let differing = expected.iter().filter_map(|(path, expected)| {
        let ours = listing(path, version);
        let line = ours.lines().zip(expected.lines()).position(|(ours, theirs)| ours != theirs);
        (ours != *expected).then(|| {
            let line = line.unwrap_or_else(|| ours.lines().count().min(expected.lines().count()));
            let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
            format!("{}: line {line}: ours {:?}, expected {:?}", path.display(), at(&ours), at(expected))
        })
    });
    let differing = differing.collect();
    (expected.len(), differing)
}

/// All `.py` files below a folder whose names are text, without what was installed beside the library.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the library's folder is readable") {
        let path = entry.expect("its entries are readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "site-packages" && name != "dist-packages" {
            collect(&path, files);
        } else if name.ends_with(".py") && path.to_str().is_some() && path.is_file() {
            files.push(path);
        }
    }
}

fn oracle_listings(oracle: &Oracle, files: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/symtable/list_symtables.py");
    let mut child = oracle
        .command()
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let mut input = child.stdin.take().expect("it has a standard input");
    let names: String =
        files.iter().map(|path| format!("{}\n", path.to_str().expect("collected by text"))).collect();
    let feeding = std::thread::spawn(move || input.write_all(names.as_bytes()));
    let output = child.wait_with_output().expect("the interpreter ends");
    feeding.join().expect("feeding does not panic").expect("the interpreter reads its input");
    assert!(output.status.success(), "the interpreter failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let listings = text.split("\n\n").filter_map(|listing| listing.split_once('\n'));
    listings.map(|(path, listing)| (PathBuf::from(path), format!("{}\n", listing.trim_end()))).collect()
}

fn listing(path: &Path, version: PyVersion) -> String {
    let source = fs::read(path).expect("the file is readable");
    let (arena, mut strings) = (Bump::new(), Strings::new());
    let parsed = match parse_module(&source, version.grammar(), &arena, &mut strings) {
        Ok(parsed) => parsed,
        Err(error) => return format!("the parser: {error:?}"),
    };
    let table = future_features(&parsed.module, &strings)
        .and_then(|future| symtable_listing(&parsed.module, version.features(), future, &mut strings));
    match table {
        Ok(listing) => listing,
        Err(error) => format!("! {} ({})\n", error.message, error.location.lineno),
    }
}
