//! What we say of the sources in CPython's own tests against what the interpreters were recorded to say (`cargo xtask snippets`):
//! accepted or not, the exception, its message and line, and every warning.
//!
//! `known_gaps.txt` lists where we still differ; a gap that closes must be deleted from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use prepyc_compiler::{Compiler, Optimize, Rejection, Warning};
use prepyc_version::PyVersion;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/snippets")
}

fn unescape(line: &str) -> Vec<u8> {
    let mut source = Vec::new();
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            source.push(byte);
            continue;
        }
        match bytes.next().expect("something is escaped") {
            b'n' => source.push(b'\n'),
            b't' => source.push(b'\t'),
            b'r' => source.push(b'\r'),
            b'x' => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                source.push(u8::from_str_radix(&digits, 16).expect("two digits"));
            }
            other => source.push(other),
        }
    }
    source
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            '\r' => out += "\\r",
            '\0'..='\x1F' | '\x7F'..='\u{9F}' | '\u{2028}' | '\u{2029}' => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    write!(out, "\\x{byte:02x}").expect("writing to memory");
                }
            }
            character => out.push(character),
        }
    }
    out
}

/// What we make of a source, in the recorded form.
fn verdict(compiler: &mut Compiler, source: &[u8]) -> String {
    match compiler.compile(source, "snippet".into(), Optimize::Level0) {
        Ok(compiled) => with_warnings("ok".to_owned(), &compiled.warnings),
        Err(Rejection { kind, message, place, warnings, .. }) => {
            let place = place.map_or("-\t-\t-\t-".to_owned(), |place| {
                format!("{}\t{}\t{}\t{}", place.lineno, place.offset, place.end_lineno, place.end_offset)
            });
            with_warnings(format!("error\t{}\t{place}\t{}", kind.name(), escape(&message)), &warnings)
        }
    }
}

fn with_warnings(mut line: String, warnings: &[Warning]) -> String {
    for warning in warnings {
        write!(line, "\t{}:{}:{}", warning.kind.name(), warning.lineno, escape(&warning.message))
            .expect("writing to memory");
    }
    line
}

/// A verdict without columns and ends.
fn without_columns(verdict: &str) -> Vec<&str> {
    let fields: Vec<&str> = verdict.split('\t').collect();
    if fields[0] == "ok" { fields } else { [&fields[..3], &fields[6..]].concat() }
}

#[derive(Default)]
struct Count {
    compared: usize,
    rejected: usize,
    at_another_column: usize,
}

#[test]
fn verdicts_are_those_recorded() {
    let gaps = fs::read_to_string(folder().join("known_gaps.txt")).expect("known_gaps.txt");
    let known: BTreeSet<&str> =
        gaps.lines().map(|line| line.split_once(": ").expect("WHAT: CAUSE").0).collect();
    let recorded = fs::read_to_string(folder().join("recorded.txt")).expect("recorded.txt");
    let mut compilers = ["3.13", "3.14"].map(|name| {
        let version: PyVersion = name.parse().expect("a version");
        (name, Compiler::new(version).expect("a native compiler"))
    });
    let (mut found, mut report, mut count) = (BTreeSet::new(), String::new(), Count::default());
    let mut lines = recorded.lines();
    while let Some(line) = lines.next() {
        let source = unescape(line);
        let mut expected = "";
        for (name, compiler) in &mut compilers {
            let verdict_line = lines.next().and_then(|line| line.strip_prefix('\t')).expect("a verdict");
            expected = if verdict_line == "=" { expected } else { verdict_line };
            let ours = verdict(compiler, &source);
            count.compared += 1;
            count.rejected += usize::from(expected.starts_with("error"));
            if without_columns(&ours) == without_columns(expected) {
                count.at_another_column += usize::from(ours != expected);
                continue;
            }
            let gap = format!("{name} {}", line.replace(':', "\\x3a"));
            if !known.contains(gap.as_str()) {
                writeln!(report, "{gap}\n  ours:     {ours}\n  recorded: {expected}")
                    .expect("writing to memory");
            }
            found.insert(gap);
        }
    }
    assert!(report.is_empty(), "\n{report}");
    let closed: Vec<_> = known.iter().filter(|gap| !found.contains(**gap)).collect();
    assert!(closed.is_empty(), "these gaps are closed, delete them: {closed:#?}");
    assert!(count.compared > 10_000, "only {} compared", count.compared);
    assert!(count.at_another_column * 100 < count.rejected, "{} at another column", count.at_another_column);
}
