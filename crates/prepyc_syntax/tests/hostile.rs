//! Whatever the bytes, parsing ends with a tree or an error: no panic, no overflow, no endless loop.
//!
//! The sources of `tests/syntax` are damaged byte by byte and token by token, with a fixed seed; what is found this way joins
//! them, or the nestings below. Longer runs: `PREPYC_HOSTILE_SEED=7 PREPYC_HOSTILE_ROUNDS=1000000 cargo test --release`.

use std::env;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_version::PyVersion;

/// How many damaged sources are parsed unless the environment says otherwise.
const ROUNDS: u64 = 6_000;

/// Larger sources only take time.
const MAX_SIZE: usize = 20_000;

/// Pieces that lexers and parsers stumble over.
const PIECES: [&str; 52] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "f'",
    "f\"{",
    "t'{",
    "rb'",
    "{x!r:{y}}",
    "\\",
    "\\\n",
    "\n",
    "\t",
    "\x0C",
    "\0",
    "\r",
    "\r\n",
    "#",
    ":",
    ":=",
    "=",
    "->",
    "...",
    "*",
    "**",
    "@",
    "!",
    "$",
    "?",
    "\u{e9}",
    "\u{20ac}",
    "\u{feff}",
    "\u{2028}",
    "\u{1F600}",
    "\\N{",
    "\\x",
    "lambda ",
    " if ",
    " else ",
    " for x in ",
    "await ",
    "yield ",
    "match x:\n case ",
    "except*",
    "0x",
    "1e",
];

/// Beginnings that may follow one another without end, and what closes them.
const NESTINGS: [(&str, &str, &str); 26] = [
    ("(", "x", ")"),
    ("[", "x", "]"),
    ("{", "x", "}"),
    ("{x:", "x", "}"),
    ("f(", "x", ")"),
    ("x[", "x", "]"),
    ("-", "x", ""),
    ("not ", "x", ""),
    ("x ** -", "x", ""),
    ("lambda: ", "x", ""),
    ("lambda x=", "x", ": x"),
    ("x if x else ", "x", ""),
    ("(x for x in ", "x", ")"),
    ("await ", "x", ""),
    ("x + ", "x", ""),
    ("x.", "x", ""),
    ("x = ", "x", ""),
    ("x and ", "x", ""),
    ("x < ", "x", ""),
    ("*", "x", ""),
    ("f'{", "x", "}'"),
    ("f'{x:{", "x", "}}'"),
    ("(yield ", "x", ")"),
    ("match x:\n case [", "x", "]: pass"),
    ("if x:\n", "x", ""),
    ("'' ", "x", ""),
];

/// Numbers from a seed, by SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn parse(version: PyVersion, source: &[u8]) -> bool {
    let arena = Bump::new();
    let mut strings = Strings::new();
    prepyc_syntax::parse_module(source, version.grammar(), &arena, &mut strings).is_ok()
}

fn sources(folder: &Path, found: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(fs::read(&path).unwrap());
        }
    }
}

/// Where words, blanks and single other characters start.
fn token_starts(source: &[u8]) -> Vec<usize> {
    let class = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => 1,
        b' ' => 2,
        _ => 0,
    };
    let starts = (0..source.len())
        .filter(|&at| at == 0 || class(source[at]) == 0 || class(source[at]) != class(source[at - 1]));
    starts.chain([source.len()]).collect()
}

/// Does one kind of damage.
fn damage(source: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(source.len() + 1);
    let starts = token_starts(source);
    let token = random.below(starts.len() - 1);
    let range = starts[token]..starts.get(token + 1).copied().unwrap_or(source.len());
    match random.below(8) {
        0 if at < source.len() => source[at] = random.next() as u8,
        1 if at < source.len() => source[at] ^= 1 << random.below(8),
        2 => source.truncate(at),
        3 => drop(source.drain(range)),
        4 => {
            let copy = source[range.clone()].repeat(1 + random.below(4));
            source.splice(range.end..range.end, copy);
        }
        5 => {
            let other = &corpus[random.below(corpus.len())];
            let start = random.below(other.len() + 1);
            let end = (start + random.below(80)).min(other.len());
            source.splice(at..at, other[start..end].iter().copied());
        }
        6 => {
            let copy = source[range].to_vec();
            let there = starts[random.below(starts.len())].min(source.len());
            source.splice(there..there, copy);
        }
        _ => drop(source.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
    }
    source.truncate(MAX_SIZE);
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap())
}

#[test]
fn damaged_sources_are_trees_or_errors() {
    let mut corpus = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/syntax"), &mut corpus);
    assert!(corpus.len() > 200);
    let mut random = Random(number("PREPYC_HOSTILE_SEED").unwrap_or(1));
    let mut accepted = 0;
    for _ in 0..number("PREPYC_HOSTILE_ROUNDS").unwrap_or(ROUNDS) {
        let mut source = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            damage(&mut source, &corpus, &mut random);
        }
        let version = PyVersion::ALL[random.below(PyVersion::ALL.len())];
        match panic::catch_unwind(|| parse(version, &source)) {
            Ok(ok) => accepted += u64::from(ok),
            Err(_) => panic!("{version}: {:?}", String::from_utf8_lossy(&source)),
        }
    }
    assert!(accepted > 0, "the damage leaves nothing to parse");
}

#[test]
fn nesting_has_limits_that_are_not_the_stack() {
    for version in PyVersion::ALL {
        for (open, middle, close) in NESTINGS {
            for depth in [1, 90, 150, 250, 1_000, 20_000] {
                let whole = format!("{}{middle}{}\n", open.repeat(depth), close.repeat(depth));
                parse(version, whole.as_bytes());
                parse(version, open.repeat(depth).as_bytes());
            }
        }
    }
}

/// Where brackets are read as one thing and then as another, that must not double with each of them: this would not end.
#[test]
fn mistakes_in_deep_nestings_are_found_without_trying_all_readings() {
    const STATEMENTS: [&str; 12] = [
        "",
        "del ",
        "del a, [",
        "for ",
        "for x in ",
        "with ",
        "with (",
        "match ",
        "x = ",
        "return ",
        "lambda ",
        "print ",
    ];
    for version in PyVersion::ALL {
        for ((open, _, close), statement) in
            NESTINGS.into_iter().flat_map(|nesting| STATEMENTS.map(|statement| (nesting, statement)))
        {
            for mistake in ["x y", "=", "1 = 2"] {
                let source = format!("{statement}{}{mistake}{}\n", open.repeat(60), close.repeat(60));
                parse(version, source.as_bytes());
            }
        }
    }
}
