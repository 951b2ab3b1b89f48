//! `cargo xtask snippets`: sources out of the strings in CPython's own tests, and what the interpreters say of each, into
//! `tests/snippets`. The compiler's tests hold it to that without Python.
//!
//! One line a source, escaped; below it, indented by a tab, the verdict of each version, or `=` where it is that of the
//! one before.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, bail};
use prepyc_testing::Oracle;

use crate::workspace;

/// Does the extracting and the judging, in the interpreter asked.
const ASKER: &str = include_str!("snippets.py");

/// The versions with a native compiler.
const VERSIONS: [&str; 2] = ["3.13", "3.14"];

/// Tests whose strings are sources more often than not; folders as well as files.
const TESTS: &str = "annotations ast asyncgen class code codeop compile coroutines decorators dictcomps dis eof except_star \
    exception_group exceptions extcall flufl fstring future_stmt generators genexps global grammar int_literal \
    keywordonlyarg listcomps metaclass named_expressions opcodes patma peepholer pep646_syntax positional_only_arg raise \
    scope setcomps source_encoding string_literals super symtable syntax tokenize traceback tstring type_aliases \
    type_annotations type_params unicode_identifiers unpack unpack_ex utf8source with yield_from";

/// What `cargo xtask snippets` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Extracts from the tests of all interpreters, and asks each of them about everything.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let listed = folder.path().join("sources");
    let mut sources = BTreeSet::new();
    for version in VERSIONS {
        let files = test_files(version)?;
        workspace::run(ask(version)?.arg("extract").arg(&listed).args(files))?;
        sources.extend(fs::read_to_string(&listed)?.lines().map(str::to_owned));
    }
    let text: String = sources.iter().map(|source| format!("{source}\n")).collect();
    fs::write(&listed, text)?;
    let mut verdicts = Vec::new();
    for version in VERSIONS {
        let judged = folder.path().join(version);
        workspace::run(ask(version)?.arg("judge").arg(&listed).arg(&judged))?;
        verdicts.push(fs::read_to_string(&judged)?);
    }
    let [first, second] = &verdicts[..] else { bail!("two versions") };
    let mut recorded = String::new();
    for ((source, first), second) in sources.iter().zip(first.lines()).zip(second.lines()) {
        if is_dull(source, first) && is_dull(source, second) {
            continue;
        }
        let second = if second == first { "=" } else { second };
        write!(recorded, "{source}\n\t{first}\n\t{second}\n")?;
    }
    let target = workspace::root().join("tests/snippets/recorded.txt");
    fs::write(&target, recorded).with_context(|| target.display().to_string())
}

/// Prose: one line of which a parser says no more than that it is no Python.
fn is_dull(source: &str, verdict: &str) -> bool {
    !source.contains("\\n") && verdict.ends_with("\tinvalid syntax")
}

fn ask(version: &str) -> anyhow::Result<Command> {
    let Some(oracle) = Oracle::find(version) else {
        bail!("no CPython {version}: run cargo xtask oracles");
    };
    let mut command = oracle.command();
    command.args(["-W", "ignore", "-c", ASKER]);
    Ok(command)
}

/// The tests that this version has, in the order of [`TESTS`].
fn test_files(version: &str) -> anyhow::Result<Vec<PathBuf>> {
    let Some(oracle) = Oracle::find(version) else {
        bail!("no CPython {version}: run cargo xtask oracles");
    };
    let output =
        oracle.command().args(["-c", "import os, test; print(os.path.dirname(test.__file__))"]).output()?;
    let library = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    let mut files = Vec::new();
    for name in TESTS.split_whitespace() {
        let path = library.join(format!("test_{name}"));
        if path.is_dir() {
            let mut inside: Vec<_> = fs::read_dir(&path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<_>>()?;
            inside.retain(|path| is_python(path));
            inside.sort();
            files.extend(inside);
        } else if path.with_extension("py").is_file() {
            files.push(path.with_extension("py"));
        }
    }
    Ok(files)
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py")
        && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("badsyntax"))
}
