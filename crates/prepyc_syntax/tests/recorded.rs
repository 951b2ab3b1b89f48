//! Our trees and errors against what the real parsers were recorded to make of `tests/syntax` (`cargo xtask ast-record`).
//!
//! Adding a test means adding a file there and recording. `known_gaps.txt` lists where we still differ; a gap that closes
//! must be deleted from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_version::PyVersion;
use sha2::{Digest, Sha256};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/syntax")
}

/// What our parser makes of a source, in the recorded form.
fn verdict(version: PyVersion, source: &[u8]) -> String {
    let arena = Bump::new();
    let mut strings = Strings::new();
    match prepyc_syntax::parse_module(source, version.grammar(), &arena, &mut strings) {
        Ok(parsed) => {
            let dump = prepyc_syntax::dump::dump(&parsed.module, version.grammar(), &strings);
            let mut line = "ok\t".to_owned();
            for byte in Sha256::digest(&dump) {
                write!(line, "{byte:02x}").expect("writing to memory");
            }
            line
        }
        Err(error) => {
            let place = error.place.map_or("-\t-\t-\t-".to_owned(), |place| {
                format!("{}\t{}\t{}\t{}", place.lineno, place.offset, place.end_lineno, place.end_offset)
            });
            format!("error\t{}\t{place}\t{}", error.kind.name(), ascii(&error.message))
        }
    }
}

/// `ascii` of a message, none of which has control characters or backslashes it does not show.
fn ascii(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => out += "\\\\",
            character if character == quote => out.extend(['\\', quote]),
            character if character.is_ascii() => out.push(character),
            character => match u32::from(character) {
                code_point @ 0..=0xFF => write!(out, "\\x{code_point:02x}").expect("writing to memory"),
                code_point => write!(out, "\\u{code_point:04x}").expect("writing to memory"),
            },
        }
    }
    out.push(quote);
    out
}

#[test]
fn trees_and_errors_are_those_recorded() {
    let known: BTreeSet<String> = fs::read_to_string(folder().join("known_gaps.txt"))
        .unwrap()
        .lines()
        .map(|line| line.split_once(": ").expect("`WHAT: CAUSE`").0.to_owned())
        .collect();
    let mut found = BTreeSet::new();
    let mut report = String::new();
    let mut compared = 0;
    for version in PyVersion::ALL {
        let recorded = fs::read_to_string(folder().join(format!("recorded-{version}.txt"))).unwrap();
        for line in recorded.lines() {
            let (path, expected) = line.split_once('\t').expect("a path and a verdict");
            let ours = verdict(version, &fs::read(folder().join(path)).unwrap());
            compared += 1;
            if ours != expected {
                let gap = format!("{version} {path}");
                if !known.contains(&gap) {
                    writeln!(report, "{gap}\n  ours:     {ours}\n  recorded: {expected}").unwrap();
                }
                found.insert(gap);
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
    let closed: Vec<_> = known.difference(&found).collect();
    assert!(closed.is_empty(), "these gaps are closed, delete them: {closed:?}");
    assert!(compared > 5 * 200, "only {compared} compared");
}
