//! `cargo xtask record corpora`: what the reference interpreters compile the corpora to, into `tests/oracle/3.x/`: the whole
//! listing for each small file of `tests/corpus`, digests for packages and standard libraries.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, bail};
use prepyc_bytecode::Program;
use prepyc_testing::recorded::{self, LEVELS, Outcome, RecordedFile};
use prepyc_testing::{Corpus, Oracle};
use prepyc_version::PyVersion;

use crate::interpreter::{Answer, Interpreter, Source};

/// What `cargo xtask record corpora` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The versions to ask.
    #[arg(long, default_values = ["3.13", "3.14"])]
    python: Vec<String>,
    /// Names of packages, `stdlib`, `stdlib-tests`, or `corpus` for the small files; without any, all.
    names: Vec<String>,
}

/// How many files are read and asked about at once.
const BATCH: usize = 64;

/// Asks and records.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for number in &arguments.python {
        let version: PyVersion = number.parse()?;
        let mut interpreter = Interpreter::start(number)?;
        let release = interpreter.release();
        let mut corpora = Corpus::packages();
        corpora.push(Corpus::small_files());
        corpora.extend(Oracle::find(number).iter().flat_map(Corpus::standard_library));
        if let Some(unknown) =
            arguments.names.iter().find(|&name| corpora.iter().all(|corpus| corpus.name != *name))
        {
            bail!("there is no corpus {unknown}");
        }
        for corpus in corpora {
            if !arguments.names.is_empty() && !arguments.names.contains(&corpus.name) {
                continue;
            }
            let mut recorder = Recorder { version, release: &release, corpus: &corpus, count: 0 };
            if corpus.name == "corpus" {
                recorder.listings(&mut interpreter)?;
            } else {
                recorder.digests(&mut interpreter)?;
            }
            let Recorder { count, .. } = recorder;
            writeln!(io::stdout().lock(), "{release} {}: {count} files", corpus.name)?;
        }
    }
    Ok(())
}

struct Recorder<'a> {
    version: PyVersion,
    release: &'a str,
    corpus: &'a Corpus,
    count: usize,
}

impl Recorder<'_> {
    /// Gives `take` the path, the bytes and the answer at each level of every file, in order.
    fn ask(
        &mut self,
        interpreter: &mut Interpreter,
        mut take: impl FnMut(&str, &[u8], &[Answer]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let files = self.corpus.files();
        for batch in files.chunks(BATCH) {
            let contents = batch
                .iter()
                .map(|path| fs::read(self.corpus.root.join(path)).with_context(|| path.clone()))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let sources: Vec<_> = batch
                .iter()
                .zip(&contents)
                .flat_map(|(filename, bytes)| {
                    (0..LEVELS as u8).map(move |level| Source { bytes, filename, level })
                })
                .collect();
            let (answers, ()) = interpreter.compile(&sources, || ())?;
            for (index, path) in batch.iter().enumerate() {
                take(path, &contents[index], &answers[LEVELS * index..][..LEVELS])
                    .with_context(|| path.clone())?;
            }
        }
        self.count = files.len();
        Ok(())
    }

    fn digests(&mut self, interpreter: &mut Interpreter) -> anyhow::Result<()> {
        let mut text = format!("# {}, compiled by CPython {}\n", self.corpus.name, self.release);
        let version = self.version;
        self.ask(interpreter, |path, bytes, answers| {
            let mut outcomes = [const { None }; LEVELS];
            for (level, answer) in answers.iter().enumerate() {
                outcomes[level] = Some(outcome(version, answer)?);
            }
            let outcomes = outcomes.map(|outcome| outcome.expect("an answer for each level"));
            let file = RecordedFile { path: path.to_owned(), source: recorded::digest(bytes), outcomes };
            Ok(writeln!(text, "{file}")?)
        })?;
        write(&recorded::record_path(&version.to_string(), &self.corpus.name), &text)
    }

    fn listings(&mut self, interpreter: &mut Interpreter) -> anyhow::Result<()> {
        let version = self.version;
        let folder = recorded::listings_folder(&version.to_string());
        if folder.is_dir() {
            // What was recorded of files that are gone goes as well.
            fs::remove_dir_all(&folder)?;
        }
        self.ask(interpreter, |path, _, answers| {
            let mut listings = Vec::new();
            for answer in answers {
                listings.push(match answer {
                    Answer::Code(marshal) => Program::from_marshal(marshal, version)?.to_string(),
                    Answer::Rejected { class, line, message } => recorded::rejection(class, *line, message),
                    Answer::Crashed => bail!("the interpreter crashed"),
                });
            }
            write(&folder.join(path).with_extension("txt"), &recorded::levels(&listings))
        })
    }
}

fn outcome(version: PyVersion, answer: &Answer) -> anyhow::Result<Outcome> {
    Ok(match answer {
        Answer::Code(marshal) => {
            Outcome::Code(recorded::digest(&Program::from_marshal(marshal, version)?.to_marshal()))
        }
        Answer::Rejected { class, line, .. } => Outcome::Rejected { class: class.clone(), line: *line },
        Answer::Crashed => bail!("the interpreter crashed"),
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
    fs::write(path, text).with_context(|| path.display().to_string())
}
