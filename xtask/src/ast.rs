//! `cargo xtask ast-compare`: our parser against the real interpreters', file by file.
//!
//! What an interpreter says of a tree of files is kept under the caches' folder, for `ast.dump` takes minutes on a large
//! one; the files' sizes are part of the key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_syntax::SyntaxError;
use prepyc_version::PyVersion;
use sha2::{Digest, Sha256};

use crate::workspace;

const ORACLE: &str = include_str!("ast_oracle.py");

/// What `cargo xtask ast-compare` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The versions to compare with; without it all of them.
    #[arg(long)]
    python: Vec<String>,
    /// How many differences to show of each version.
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// Compare the words and places of errors as well.
    #[arg(long)]
    messages: bool,
    /// Files, or folders whose every `*.py` is compared.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// What a parser makes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The digest of its tree, or the whole dump.
    Tree(String),
    /// The exception's name, place and message.
    Error { name: String, place: [String; 4], message: String },
}

/// Compares and reports; fails on any difference.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        list_files(path, &mut files)?;
    }
    let mut different = 0;
    for version in versions(&arguments.python)? {
        different += compare(version, &files, arguments)?;
    }
    if different > 0 {
        bail!("{different} differences");
    }
    Ok(())
}

pub(crate) fn versions(names: &[String]) -> anyhow::Result<Vec<PyVersion>> {
    if names.is_empty() {
        return Ok(PyVersion::ALL.to_vec());
    }
    names.iter().map(|name| Ok(name.parse()?)).collect()
}

pub(crate) fn list_files(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(path)
        .with_context(|| path.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let is_python = entry.extension().is_some_and(|extension| extension == "py");
        if entry.is_dir() && !entry.is_symlink() || entry.is_file() && is_python {
            list_files(&entry, files)?;
        }
    }
    Ok(())
}

/// Compares all files with one version; how many differ.
fn compare(version: PyVersion, files: &[PathBuf], arguments: &Arguments) -> anyhow::Result<usize> {
    let expected = ask_cached(version, files)?;
    let mut different = 0;
    let (mut accepted, mut rejected, mut same_messages) = (0, 0, 0);
    let mut out = io::stdout().lock();
    for (file, expected) in files.iter().zip(&expected) {
        let source = fs::read(file).with_context(|| file.display().to_string())?;
        let ours = judge(version, &source, Form::Digest);
        match expected {
            Verdict::Tree(_) => accepted += 1,
            Verdict::Error { .. } => rejected += 1,
        }
        same_messages += usize::from(matches!(expected, Verdict::Error { .. }) && ours == *expected);
        let same = match (&ours, expected) {
            (Verdict::Error { .. }, Verdict::Error { .. }) if !arguments.messages => true,
            (ours, expected) => ours == expected,
        };
        if !same {
            different += 1;
            if different <= arguments.show {
                writeln!(
                    out,
                    "{version} {}\n  {}",
                    file.display(),
                    describe(version, file, &source, &ours, expected)?
                )?;
            }
        }
    }
    writeln!(
        out,
        "{version}: {} files, {accepted} accepted, {rejected} rejected ({same_messages} in the same words), \
         {different} differences",
        files.len()
    )?;
    Ok(different)
}

fn describe(
    version: PyVersion,
    file: &Path,
    source: &[u8],
    ours: &Verdict,
    expected: &Verdict,
) -> anyhow::Result<String> {
    if !matches!((ours, expected), (Verdict::Tree(_), Verdict::Tree(_))) {
        return Ok(format!("ours:    {ours:?}\n  CPython: {expected:?}"));
    }
    let whole = ask(version, &[file.to_owned()], "dump")?;
    let (Verdict::Tree(ours), Some(Verdict::Tree(expected))) =
        (judge(version, source, Form::Dump), whole.first())
    else {
        bail!("{} changed while it was compared", file.display());
    };
    let same = ours.bytes().zip(expected.bytes()).take_while(|(ours, expected)| ours == expected).count();
    let start = same.saturating_sub(100);
    let part = |text: &str| text.get(start..(same + 160).min(text.len())).unwrap_or_default().to_owned();
    Ok(format!("ours:    {}\n  CPython: {}", part(&ours), part(expected)))
}

/// How a tree is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// By the SHA-256 of its dump.
    Digest,
    /// By the dump itself.
    Dump,
}

/// What our parser makes of a source.
pub(crate) fn judge(version: PyVersion, source: &[u8], form: Form) -> Verdict {
    let arena = Bump::new();
    let mut strings = Strings::new();
    match prepyc_syntax::parse_module(source, version.grammar(), &arena, &mut strings) {
        Ok(parsed) => {
            let dump = prepyc_syntax::dump::dump(&parsed.module, version.grammar(), &strings);
            Verdict::Tree(match form {
                Form::Dump => String::from_utf8_lossy(&dump).into_owned(),
                Form::Digest => hex(&Sha256::digest(&dump)),
            })
        }
        Err(error) => error_verdict(&error),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn error_verdict(error: &SyntaxError) -> Verdict {
    let place = match error.place {
        Some(place) => [
            place.lineno.to_string(),
            place.offset.to_string(),
            place.end_lineno.to_string(),
            place.end_offset.to_string(),
        ],
        None => ["-", "-", "-", "-"].map(str::to_owned),
    };
    Verdict::Error { name: error.kind.name().to_owned(), place, message: ascii(&error.message) }
}

/// `ascii` of a string.
fn ascii(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            '\r' => out += "\\r",
            '\\' => out += "\\\\",
            character if character == quote => out.extend(['\\', quote]),
            ' '..='~' => out.push(character),
            character => {
                let code_point = u32::from(character);
                let _ = match code_point {
                    0..=0xFF => write!(out, "\\x{code_point:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{code_point:04x}"),
                    _ => write!(out, "\\U{code_point:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// What the interpreter says of the files, from the cache where it was asked before.
fn ask_cached(version: PyVersion, files: &[PathBuf]) -> anyhow::Result<Vec<Verdict>> {
    let cache = prepyc_testing::corpora_dir().join("ast").join(version.to_string());
    fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
    // One file of answers for each folder of files.
    let mut folders: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        folders.entry(file.parent().unwrap_or(Path::new(""))).or_default().push(index);
    }
    let mut verdicts = vec![None; files.len()];
    let mut missing = Vec::new();
    for indices in folders.values() {
        let mut key = Sha256::new();
        key.update(ORACLE);
        for &index in indices {
            let size = fs::metadata(&files[index])?.len();
            key.update(format!("{}\0{size}\0", fs::canonicalize(&files[index])?.display()));
        }
        let answers = cache.join(hex(&key.finalize()));
        match fs::read_to_string(&answers) {
            Ok(text) => {
                for (&index, line) in indices.iter().zip(text.lines()) {
                    verdicts[index] = Some(read_verdict(line)?);
                }
            }
            Err(_) => missing.push((answers, indices)),
        }
    }
    let wanted: Vec<PathBuf> =
        missing.iter().flat_map(|(_, indices)| indices.iter().map(|&index| files[index].clone())).collect();
    if !wanted.is_empty() {
        let lines = ask_lines(version, &wanted, "digest")?;
        let mut lines = lines.lines();
        for (answers, indices) in missing {
            let mut text = String::new();
            for &index in indices {
                let line = lines.next().context("the interpreter answered too little")?;
                verdicts[index] = Some(read_verdict(line)?);
                writeln!(text, "{line}")?;
            }
            fs::write(&answers, text)?;
        }
    }
    verdicts.into_iter().map(|verdict| verdict.context("a file without an answer")).collect()
}

/// What the interpreter says of the files.
pub(crate) fn ask(version: PyVersion, files: &[PathBuf], mode: &str) -> anyhow::Result<Vec<Verdict>> {
    ask_lines(version, files, mode)?.lines().map(read_verdict).collect()
}

/// The same, as the lines that it answers.
pub(crate) fn ask_lines(version: PyVersion, files: &[PathBuf], mode: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let (script, list, results) =
        (folder.path().join("oracle.py"), folder.path().join("files"), folder.path().join("results"));
    fs::write(&script, ORACLE)?;
    let mut paths = String::new();
    for file in files {
        writeln!(paths, "{}", fs::canonicalize(file)?.display())?;
    }
    fs::write(&list, paths)?;
    let python = prepyc_testing::oracles_dir().join("bin").join(format!("python{version}"));
    workspace::run(Command::new(python).arg(&script).args([&list, &results]).arg(mode))?;
    Ok(fs::read_to_string(&results)?)
}

fn read_verdict(line: &str) -> anyhow::Result<Verdict> {
    let fields: Vec<&str> = line.split('\t').collect();
    Ok(match fields[..] {
        ["ok", tree] => Verdict::Tree(tree.to_owned()),
        ["error", name, lineno, offset, end_lineno, end_offset, message] => Verdict::Error {
            name: name.to_owned(),
            place: [lineno, offset, end_lineno, end_offset].map(str::to_owned),
            message: message.to_owned(),
        },
        _ => bail!("an interpreter answered {line:?}"),
    })
}
