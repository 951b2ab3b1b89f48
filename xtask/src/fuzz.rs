//! `cargo xtask fuzz`: programs that nobody wrote, compiled natively and by the reference interpreters.
//!
//! Half come out of the grammar, half are files of the corpora with a change. A seed always gives the same programs. What is
//! compiled differently is made as small as can be and kept in a folder; each cause deserves a file in `tests/corpus`.

mod compare;
mod generate;
mod minimize;
mod mutate;
mod random;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use prepyc_compiler::Compiler;
use prepyc_testing::{Corpus, Oracle};
use prepyc_version::PyVersion;

use crate::interpreter::{Interpreter, Source};
use crate::workspace;
use compare::{FILENAME, Mismatch};
use random::Random;

/// What `cargo xtask fuzz` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The versions to compare with.
    #[arg(long, default_values = ["3.13", "3.14"])]
    python: Vec<String>,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many programs to try with each version.
    #[arg(long, default_value_t = 10_000)]
    programs: u64,
    /// How many of a hundred programs are changed files of the corpora.
    #[arg(long, default_value_t = 40)]
    mutations: usize,
    /// How many finds of a kind are made small and kept.
    #[arg(long, default_value_t = 2)]
    keep: usize,
    /// Where finds are kept.
    #[arg(long, default_value = "target/fuzz")]
    finds: PathBuf,
}

/// Programs that are sent at once.
const BATCH: u64 = 64;

/// Compares, and fails where anything is compiled differently.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // What panics is reported; its trace is seen when the find is compiled by itself.
    std::panic::set_hook(Box::new(|_| ()));
    let mut differing = 0;
    for version in &arguments.python {
        let mut session = Session::start(version, arguments.mutations)?;
        let mut finds = Finds { folder: &arguments.finds, keep: arguments.keep, by_kind: BTreeMap::new() };
        for first in (0..arguments.programs).step_by(BATCH as usize) {
            let numbers = first..arguments.programs.min(first + BATCH);
            for (program, mismatch) in session.try_batch(arguments.seed, numbers)? {
                finds.take(&mut session, &program, &mismatch)?;
            }
        }
        differing += finds.report(&session, version)?;
    }
    if differing > 0 {
        bail!("{differing} programs are compiled or rejected differently");
    }
    Ok(())
}

/// A program of the run.
struct Program {
    bytes: Vec<u8>,
    level: u8,
    name: String,
}

/// An interpreter, our compiler, and what programs are made of.
struct Session {
    version: PyVersion,
    interpreter: Interpreter,
    compiler: Compiler,
    sources: Vec<Vec<u8>>,
    mutations: usize,
    tried: u64,
    accepted: u64,
}

impl Session {
    fn start(number: &str, mutations: usize) -> anyhow::Result<Session> {
        let version: PyVersion = number.parse()?;
        let mut corpora = vec![Corpus::small_files()];
        if mutations > 0 {
            corpora.extend(Oracle::find(number).iter().flat_map(Corpus::standard_library));
        }
        let mut sources = Vec::new();
        for corpus in corpora {
            for path in corpus.files() {
                sources.push(fs::read(corpus.root.join(&path)).with_context(|| path.clone())?);
            }
        }
        Ok(Session {
            version,
            interpreter: Interpreter::start(number)?,
            compiler: Compiler::new(version)?,
            sources,
            mutations,
            tried: 0,
            accepted: 0,
        })
    }

    fn program(&self, seed: u64, number: u64) -> Program {
        let mut random = Random::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number));
        let level = random.below(3) as u8;
        let bytes = if random.percent(self.mutations) {
            mutate::program(&mut random, &self.sources)
        } else {
            generate::program(&mut random, self.version.grammar())
        };
        Program { bytes, level, name: format!("{}-{seed}-{number}-O{level}", self.version) }
    }

    /// Compiles some programs both ways; gives those that differ.
    fn try_batch(
        &mut self,
        seed: u64,
        numbers: std::ops::Range<u64>,
    ) -> anyhow::Result<Vec<(Program, Mismatch)>> {
        let programs: Vec<Program> = numbers.map(|number| self.program(seed, number)).collect();
        let sources: Vec<_> = programs
            .iter()
            .map(|program| Source { bytes: &program.bytes, filename: FILENAME, level: program.level })
            .collect();
        let compiler = &mut self.compiler;
        let (answers, ours) = self.interpreter.compile(&sources, || {
            let compile = |source: &Source<'_>| compare::compile(compiler, source.bytes, source.level);
            sources.iter().map(compile).collect::<Vec<_>>()
        })?;
        let mut differing = Vec::new();
        for (program, (ours, theirs)) in programs.into_iter().zip(ours.iter().zip(&answers)) {
            self.tried += 1;
            self.accepted += u64::from(matches!(ours, Some(Ok(_))));
            if let Some(mismatch) = compare::mismatch(ours, theirs)? {
                differing.push((program, mismatch));
            }
        }
        Ok(differing)
    }
}

/// What was found, by kind: how often, and an example.
struct Finds<'a> {
    folder: &'a Path,
    keep: usize,
    by_kind: BTreeMap<String, (usize, String)>,
}

impl Finds<'_> {
    fn take(&mut self, session: &mut Session, program: &Program, mismatch: &Mismatch) -> anyhow::Result<()> {
        let entry = self.by_kind.entry(mismatch.kind.clone()).or_default();
        entry.0 += 1;
        if entry.0 > self.keep {
            return Ok(());
        }
        let Session { interpreter, compiler, .. } = session;
        let small = minimize::minimize(&program.bytes, |bytes| {
            let found = compare::check(interpreter, compiler, bytes, program.level)?;
            Ok(found.is_some_and(|found| found.kind == mismatch.kind))
        })?;
        let folder = workspace::root().join(self.folder);
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.py", program.name));
        fs::write(&path, &small)?;
        fs::write(path.with_extension("whole"), &program.bytes)?;
        let detail = compare::check(interpreter, compiler, &small, program.level)?.map(|found| found.detail);
        let detail = detail.unwrap_or_default();
        let text = String::from_utf8_lossy(&small);
        writeln!(io::stdout().lock(), "{}: {}\n  {detail}\n{text}\n", program.name, mismatch.kind)?;
        entry.1 = path.display().to_string();
        Ok(())
    }

    /// Says what was tried and found; gives how many programs differ.
    fn report(&self, session: &Session, version: &str) -> anyhow::Result<usize> {
        let mut out = io::stdout().lock();
        let Session { tried, accepted, .. } = session;
        let differing: usize = self.by_kind.values().map(|(count, _)| count).sum();
        writeln!(
            out,
            "{version}: {tried} programs, {accepted} accepted, {differing} compiled or rejected differently"
        )?;
        let mut kinds: Vec<_> = self.by_kind.iter().collect();
        kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (kind, (count, example)) in kinds {
            writeln!(out, "{count:6} {kind}   {example}")?;
        }
        Ok(differing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the installed interpreter, if there is one: what is accepted has to be compiled alike, and what is
    /// rejected rejected at the same line, as the same class.
    fn check(version: &str, seed: u64) {
        const PROGRAMS: u64 = 1_500;
        if Oracle::find_or_skip(version, &format!("fuzz::tests::{version}")).is_none() {
            return;
        }
        let mut session = Session::start(version, 40).unwrap();
        for first in (0..PROGRAMS).step_by(BATCH as usize) {
            let numbers = first..PROGRAMS.min(first + BATCH);
            if let Some((program, mismatch)) = session.try_batch(seed, numbers).unwrap().first() {
                panic!(
                    "{}: {}: {}\n{}",
                    program.name,
                    mismatch.kind,
                    mismatch.detail,
                    program.bytes.escape_ascii()
                );
            }
        }
        assert_eq!(session.tried, PROGRAMS);
        assert!(session.accepted > PROGRAMS / 2, "only {} were accepted", session.accepted);
    }

    #[test]
    fn programs_are_compiled_as_by_3_13() {
        check("3.13", 1);
    }

    #[test]
    fn programs_are_compiled_as_by_3_14() {
        check("3.14", 1);
    }
}
