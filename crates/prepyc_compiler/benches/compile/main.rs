//! How long compiling takes, from source bytes to marshal bytes, in memory, one thread:
//! `cargo bench -p prepyc_compiler --bench compile -- VERSION ROUNDS FOLDER…`, or `alone VERSION ROUNDS FOLDER…` for a
//! profiler, without an interpreter.
//!
//! An interpreter of that version and our compiler take turns, a folder at a time, as whoever compiles a tree does: with
//! turns by the file each met every one with the processor's caches full of the other's program, which cost ours a fifth.
//! Of each file the best round counts. In the first round our stages are timed one by one; the clocks themselves take
//! some percent, so the later ones time the whole, and the stages' times are scaled to that. Files that one of the two
//! rejects or that come out different are left out and counted. Prints a line a folder: `FILES LEFT_OUT BYTES`, their
//! seconds for compiling and for `marshal.dumps`, ours for parsing, symbol tables, code generation, passes, assembling,
//! giving memory back, marshal.

mod theirs;

use std::cell::Cell;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use prepyc_bytecode::Program;
use prepyc_compiler::{Compiler, Optimize, Stage};
use prepyc_testing::{Oracle, tree};
use prepyc_version::PyVersion;

use theirs::Interpreter;

/// The stages of [`Stage`] and the writing of marshal.
const STAGES: usize = 7;

/// Seconds by stage.
type Seconds = [f64; STAGES];

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock { since: None, stage: 0, seconds: [0.0; STAGES] }) };
}

#[derive(Clone, Copy)]
struct Clock {
    since: Option<Instant>,
    stage: usize,
    seconds: Seconds,
}

/// The stage at hand ends and another begins.
fn turn_to(stage: usize) {
    CLOCK.with(|clock| {
        let mut state = clock.get();
        let now = Instant::now();
        if let Some(since) = state.since {
            state.seconds[state.stage] += (now - since).as_secs_f64();
        }
        (state.since, state.stage) = (Some(now), stage);
        clock.set(state);
    });
}

fn watch(stage: Stage) {
    turn_to(stage as usize);
}

/// A source, and the best times so far.
struct File {
    path: PathBuf,
    source: Vec<u8>,
    theirs: [f64; 2],
    ours: Seconds,
    /// All of ours together, where that was timed.
    whole: Option<f64>,
}

fn main() -> io::Result<()> {
    // cargo adds a `--bench` of its own.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match &arguments[..] {
        [mode, version, rounds, folders @ ..] if mode == "alone" => {
            let version = parse(version)?;
            for folder in folders {
                alone(version, parse(rounds)?, Path::new(folder))?;
            }
            Ok(())
        }
        [version, rounds, folders @ ..] => {
            for folder in folders {
                compare(version, parse(rounds)?, Path::new(folder))?;
            }
            Ok(())
        }
        _ => Err(io::Error::other("[alone] VERSION ROUNDS FOLDER… are needed")),
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| io::Error::other(format!("not understood: {text}")))
}

/// The sources below a folder, or the one that it is; of a standard library neither its tests nor what was installed.
fn read_sources(folder: &Path) -> io::Result<Vec<File>> {
    let is_library = folder.join("os.py").is_file();
    if folder.is_file() {
        return Ok(vec![read_source(folder.to_owned())?]);
    }
    let wanted = tree::files(folder, "py").into_iter().filter(|path| {
        let left_out = ["test", "idlelib/idle_test", "site-packages", "dist-packages"];
        // Distributions leave links in there that lead nowhere.
        folder.join(path).is_file() && !(is_library && left_out.iter().any(|start| path.starts_with(start)))
    });
    wanted.map(|path| read_source(folder.join(path))).collect()
}

fn read_source(path: PathBuf) -> io::Result<File> {
    let source = std::fs::read(&path)?;
    Ok(File { path, source, theirs: [f64::INFINITY; 2], ours: [f64::INFINITY; STAGES], whole: None })
}

/// One that is timed stage by stage.
fn new_compiler(version: PyVersion) -> io::Result<Compiler> {
    let mut compiler = Compiler::new(version).map_err(io::Error::other)?;
    compiler.set_watch(watch);
    Ok(compiler)
}

/// Compiles a file and returns its marshal bytes, where it is accepted, and the times.
fn compile(file: &File, compiler: &mut Compiler) -> Option<(Vec<u8>, Seconds)> {
    let filename = file.path.to_string_lossy();
    CLOCK.set(Clock { since: None, stage: 0, seconds: [0.0; STAGES] });
    let compiled = compiler.compile(black_box(&file.source), (&*filename).into(), Optimize::Level0).ok()?;
    turn_to(STAGES - 1);
    let bytes = black_box(compiled.program.to_marshal());
    turn_to(Stage::Release as usize);
    drop(compiled);
    turn_to(Stage::Release as usize);
    Some((bytes, CLOCK.get().seconds))
}

/// Compiles a file and throws the bytes away; the seconds, where it is accepted.
fn measure(file: &File, compiler: &mut Compiler) -> Option<f64> {
    let start = Instant::now();
    let filename = file.path.to_string_lossy();
    let compiled = compiler.compile(black_box(&file.source), (&*filename).into(), Optimize::Level0).ok()?;
    drop(black_box(compiled.program.to_marshal()));
    drop(compiled);
    Some(start.elapsed().as_secs_f64())
}

fn compare(version: &str, rounds: usize, folder: &Path) -> io::Result<()> {
    let Some(oracle) = Oracle::find(version) else {
        return Err(io::Error::other(format!("no CPython {version}; run cargo xtask oracles")));
    };
    let version: PyVersion = parse(version)?;
    let files = read_sources(folder)?;
    let mut compiler = new_compiler(version)?;
    let mut interpreter = Interpreter::start(&oracle)?;
    let (mut same, mut left_out) = (Vec::new(), 0);
    for mut file in files {
        let theirs = interpreter.compile(&file.path)?;
        let ours = compile(&file, &mut compiler);
        let is_same = match (&theirs, &ours) {
            (Some(theirs), Some((ours, _))) => Program::from_marshal(&theirs.bytes, version)
                .is_ok_and(|program| program.to_marshal() == *ours),
            _ => false,
        };
        if !is_same {
            left_out += 1;
            interpreter.forget()?;
            continue;
        }
        if let (Some(theirs), Some((_, ours))) = (theirs, ours) {
            take_best(&mut file.theirs, &theirs.seconds);
            take_best(&mut file.ours, &ours);
        }
        same.push(file);
    }
    compiler.set_watch(|_| {});
    for _ in 1..rounds {
        for (index, file) in same.iter_mut().enumerate() {
            take_best(&mut file.theirs, &interpreter.measure(index)?);
        }
        for file in &mut same {
            if let Some(seconds) = measure(file, &mut compiler) {
                file.whole = Some(file.whole.map_or(seconds, |best| best.min(seconds)));
            }
        }
    }
    print_line(&same, left_out)
}

fn take_best(best: &mut [f64], seconds: &[f64]) {
    for (best, &seconds) in best.iter_mut().zip(seconds) {
        *best = best.min(seconds);
    }
}

fn print_line(files: &[File], left_out: usize) -> io::Result<()> {
    let size: usize = files.iter().map(|file| file.source.len()).sum();
    let mut out = io::stdout().lock();
    write!(out, "{} {left_out} {size}", files.len())?;
    for stage in 0..2 {
        write!(out, " {:.6}", files.iter().map(|file| file.theirs[stage]).sum::<f64>())?;
    }
    let by_stage: [f64; STAGES] =
        std::array::from_fn(|stage| files.iter().map(|file| file.ours[stage]).sum());
    let whole: Option<f64> = files.iter().map(|file| file.whole).sum();
    let timed: f64 = by_stage.iter().sum();
    let scale = whole.filter(|_| timed > 0.0).map_or(1.0, |whole| whole / timed);
    for seconds in by_stage {
        write!(out, " {:.6}", seconds * scale)?;
    }
    writeln!(out)
}

/// Compiles everything that often; their seconds are zero.
fn alone(version: PyVersion, rounds: usize, folder: &Path) -> io::Result<()> {
    let mut files = read_sources(folder)?;
    let mut compiler = new_compiler(version)?;
    let count = files.len();
    for _ in 0..rounds {
        files.retain_mut(|file| {
            file.theirs = [0.0; 2];
            let Some((_, seconds)) = compile(file, &mut compiler) else { return false };
            take_best(&mut file.ours, &seconds);
            true
        });
    }
    print_line(&files, count - files.len())
}
