//! Whole files, compiled natively, against what the reference interpreters were recorded to make of them
//! (`cargo xtask record corpora`); no interpreter is needed. A test for each corpus and version.
//!
//! `tests/corpus`: adding a test means adding a file there and recording. `tests/known_gaps.txt` lists the files that still
//! differ; a gap that closes must be deleted from it, which `BLESS=1` does. Nothing adds to it by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use libtest_mimic::{Arguments, Failed, Trial};
use prepyc_bytecode::Program;
use prepyc_compiler::{Compiler, Optimize, Rejection};
use prepyc_testing::recorded::{self, LEVELS, Outcome, RecordedFile};
use prepyc_testing::{Corpus, Oracle, Package};

const VERSIONS: [&str; 2] = ["3.13", "3.14"];

const PANIC: &str = "  a panic, shown above\n";

/// Of how many differing files a test says more than the name.
const SHOWN: usize = 10;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for version in VERSIONS {
        trials.push(Trial::test(format!("corpus_{version}"), move || check_small_files(version)));
        for corpus in recorded::recorded_corpora(version) {
            let test = format!("{corpus}_{version}");
            trials.push(Trial::test(test.clone(), move || check_digests(&test, version, &corpus)));
        }
    }
    trials.push(Trial::test("every_known_gap_is_of_a_recorded_file", every_known_gap_is_of_a_recorded_file));
    libtest_mimic::run(&arguments, trials).exit();
}

/// What becomes of a file at each level; nothing where the compiler panics.
fn compile_all(
    compiler: &mut Compiler,
    filename: &str,
    source: &[u8],
) -> Option<[Result<Program, Rejection>; LEVELS]> {
    let work = AssertUnwindSafe(|| {
        [Optimize::Level0, Optimize::Level1, Optimize::Level2]
            .map(|level| compiler.compile(source, filename.into(), level).map(|compiled| compiled.program))
    });
    catch_unwind(work).ok().or_else(|| {
        *compiler = Compiler::new(compiler.version()).expect("it was there before");
        None
    })
}

/// The class and line of what CPython would raise.
fn class_and_line(rejection: &Rejection) -> (&'static str, u32) {
    (rejection.kind.name(), rejection.place.map_or(0, |place| place.lineno))
}

fn check_small_files(version: &str) -> Result<(), Failed> {
    let corpus = Corpus::small_files();
    let mut compiler = Compiler::new(version.parse()?)?;
    let mut gaps = Gaps::read(version, "corpus");
    let files = corpus.files();
    for path in &files {
        let source = fs::read(corpus.root.join(path))?;
        let Some(outcomes) = compile_all(&mut compiler, path, &source) else {
            gaps.note(path, Some(PANIC.to_owned()));
            continue;
        };
        let listings = outcomes.map(|outcome| match outcome {
            Ok(program) => program.to_string(),
            Err(rejection) => {
                let (class, line) = class_and_line(&rejection);
                recorded::rejection(class, line, &rejection.message)
            }
        });
        let record = recorded::listings_folder(version).join(path).with_extension("txt");
        let recorded = fs::read_to_string(&record).map_err(|error| {
            format!("{}: {error}; run cargo xtask record corpora corpus", record.display())
        })?;
        gaps.note(path, recorded::first_difference(&recorded::levels(&listings), &recorded));
    }
    gaps.finish(files.len())
}

fn check_digests(test: &str, version: &str, name: &str) -> Result<(), Failed> {
    let Some(corpus) = find(test, version, name) else { return Ok(()) };
    let mut compiler = Compiler::new(version.parse()?)?;
    let mut gaps = Gaps::read(version, name);
    let files = recorded::read_record(version, name);
    let mut other = 0;
    for file in &files {
        let source = fs::read(corpus.root.join(&file.path)).unwrap_or_default();
        if recorded::digest(&source) != file.source {
            // Another patch release of a standard library than the recorded one.
            other += 1;
            continue;
        }
        gaps.note(&file.path, differing_level(&mut compiler, file, &source));
    }
    if other * 10 > files.len() {
        return Err(format!("{other} of {} files are not those recorded", files.len()).into());
    }
    gaps.finish(files.len() - other)
}

/// Where the corpus stands; without it the test is skipped.
fn find(test: &str, version: &str, name: &str) -> Option<Corpus> {
    if name.starts_with("stdlib") {
        let oracle = Oracle::find_or_skip(version, test)?;
        let library = Corpus::standard_library(&oracle).into_iter().find(|corpus| corpus.name == name);
        return Some(library.unwrap_or_else(|| panic!("there is no corpus {name}")));
    }
    Some(Corpus::folder(name, Package::named(name).folder_or_skip(test)?))
}

fn differing_level(compiler: &mut Compiler, file: &RecordedFile, source: &[u8]) -> Option<String> {
    let Some(ours) = compile_all(compiler, &file.path, source) else { return Some(PANIC.to_owned()) };
    for (level, (ours, recorded)) in ours.into_iter().zip(&file.outcomes).enumerate() {
        let ours = match ours {
            Ok(program) => Outcome::Code(recorded::digest(&program.to_marshal())),
            Err(rejection) => {
                let (class, line) = class_and_line(&rejection);
                Outcome::Rejected { class: class.to_owned(), line }
            }
        };
        if ours != *recorded {
            return Some(format!("  at level {level}: {ours}, recorded {recorded}\n"));
        }
    }
    None
}

/// What differs of one corpus, held against what is known to.
struct Gaps {
    prefix: String,
    known: BTreeMap<String, String>,
    closed: Vec<String>,
    differing: usize,
    report: String,
}

impl Gaps {
    fn read(version: &str, corpus: &str) -> Gaps {
        let prefix = format!("{version} {corpus} ");
        let mut known = known_gaps();
        known.retain(|gap, _| gap.starts_with(&prefix));
        Gaps { prefix, known, closed: Vec::new(), differing: 0, report: String::new() }
    }

    fn note(&mut self, path: &str, difference: Option<String>) {
        let gap = format!("{}{path}", self.prefix);
        match (difference, self.known.remove(&gap)) {
            (None, None) | (Some(_), Some(_)) => {}
            (None, Some(_)) => {
                self.closed.push(gap);
            }
            (Some(difference), None) => {
                self.differing += 1;
                let detail = if self.differing <= SHOWN { difference } else { String::new() };
                write!(self.report, "{gap}\n{detail}").unwrap();
            }
        }
    }

    fn finish(mut self, files: usize) -> Result<(), Failed> {
        assert!(files > 0, "an empty corpus");
        if std::env::var_os("BLESS").is_some() {
            delete_gaps(&self.closed);
            self.closed.clear();
        }
        for gap in &self.closed {
            writeln!(self.report, "{gap} is closed: delete it from tests/known_gaps.txt").unwrap();
        }
        if self.report.is_empty() {
            return Ok(());
        }
        Err(format!("{} of {files} files differ\n{}", self.differing, self.report).into())
    }
}

fn known_gaps_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/known_gaps.txt")
}

/// Takes closed gaps out of the list.
fn delete_gaps(closed: &[String]) {
    static FILE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = FILE.lock().unwrap();
    let text = fs::read_to_string(known_gaps_path()).unwrap();
    let is_closed = |line: &&str| closed.iter().any(|gap| line.starts_with(&format!("{gap}: ")));
    let open: Vec<&str> = text.lines().filter(|line| !is_closed(line)).collect();
    fs::write(known_gaps_path(), open.join("\n") + "\n").unwrap();
}

/// `VERSION CORPUS PATH`, and why it differs.
fn known_gaps() -> BTreeMap<String, String> {
    let path = known_gaps_path();
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (gap, cause) = line.split_once(": ").expect("`WHAT: CAUSE`");
            (gap.to_owned(), cause.to_owned())
        })
        .collect()
}

fn every_known_gap_is_of_a_recorded_file() -> Result<(), Failed> {
    for gap in known_gaps().keys() {
        let mut words = gap.splitn(3, ' ');
        let (Some(version), Some(corpus), Some(path)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("{gap}: not `VERSION CORPUS PATH`").into());
        };
        let is_recorded = match corpus {
            "corpus" => Corpus::small_files().root.join(path).is_file(),
            _ => recorded::read_record(version, corpus).iter().any(|file| file.path == path),
        };
        if !is_recorded {
            return Err(format!("{gap}: there is no such file").into());
        }
    }
    Ok(())
}
