//! The parser beside `ruff_python_parser`: `prepyc-bench VERSION ROUNDS FILES`, a path a line in FILES.
//! `prepyc-bench alone VERSION ROUNDS FILES` runs ours only and prints nothing: for a profiler.
//!
//! Prints `FILES BYTES THEIRS OURS`: how many files both accept, their bytes, and the seconds each needs for all of them,
//! from bytes in memory to a whole tree and until that is gone again, on one thread. Both take every file in turns, now
//! the one first, now the other; of each file the quickest of the rounds counts, so that a busy machine disturbs little.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_version::{Grammar, PyVersion};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (alone, arguments) = match &arguments[..] {
        [first, rest @ ..] if first == "alone" => (true, rest),
        all => (false, all),
    };
    let [version, rounds, list] = arguments else { bail!("VERSION ROUNDS FILES are needed") };
    let grammar = version.parse::<PyVersion>()?.grammar();
    let rounds: usize = rounds.parse()?;
    let mut ours = Ours { grammar, arena: Bump::new() };
    let mut sources = Vec::new();
    for path in std::fs::read_to_string(list).with_context(|| list.clone())?.lines() {
        sources.push(std::fs::read(path).with_context(|| path.to_owned())?);
    }
    if alone {
        for _ in 0..rounds {
            sources.iter().for_each(|source| _ = black_box(ours.parse(source)));
        }
        return Ok(());
    }
    sources.retain(|source| theirs(source) && ours.parse(source));
    compare(sources, rounds, &mut ours)
}

/// Measures both over the sources and prints the line of figures.
fn compare(sources: Vec<Vec<u8>>, rounds: usize, ours: &mut Ours) -> anyhow::Result<()> {
    let file = |source| File { source, theirs: Duration::MAX, ours: Duration::MAX };
    let mut files: Vec<File> = sources.into_iter().map(file).collect();
    for round in 0..rounds.max(1) {
        for file in &mut files {
            if round % 2 == 0 {
                file.theirs = file.theirs.min(time(|| theirs(&file.source)));
                file.ours = file.ours.min(time(|| ours.parse(&file.source)));
            } else {
                file.ours = file.ours.min(time(|| ours.parse(&file.source)));
                file.theirs = file.theirs.min(time(|| theirs(&file.source)));
            }
        }
    }
    let size_bytes: usize = files.iter().map(|file| file.source.len()).sum();
    let their_time: Duration = files.iter().map(|file| file.theirs).sum();
    let our_time: Duration = files.iter().map(|file| file.ours).sum();
    let (count, theirs, ours) = (files.len(), their_time.as_secs_f64(), our_time.as_secs_f64());
    writeln!(io::stdout().lock(), "{count} {size_bytes} {theirs} {ours}")?;
    Ok(())
}

/// A source and the shortest time that each parser took for it.
struct File {
    source: Vec<u8>,
    theirs: Duration,
    ours: Duration,
}

fn time(work: impl FnOnce() -> bool) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// Whether ruff accepts the source; the tree is dropped.
fn theirs(source: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(source) else { return false };
    black_box(ruff_python_parser::parse_module(text)).is_ok()
}

/// What our parser keeps from one file to the next.
struct Ours {
    grammar: &'static Grammar,
    arena: Bump,
}

impl Ours {
    /// Whether our parser accepts the source; the tree and its strings are dropped.
    fn parse(&mut self, source: &[u8]) -> bool {
        self.arena.reset();
        let mut strings = Strings::new();
        black_box(prepyc_syntax::parse_module(source, self.grammar, &self.arena, &mut strings)).is_ok()
    }
}
