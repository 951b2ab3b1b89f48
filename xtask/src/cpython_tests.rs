//! `cargo xtask cpython-tests`: CPython's own tests, run from a standard library without sources that prepyc compiled, and
//! from one that CPython itself compiled. Each test has to end alike in both.
//!
//! Many tests read sources, and fail without them: on both sides, which is what is asked for here.

mod installation;
mod list;
mod outcome;
mod report;
mod run;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use prepyc_testing::{Oracle, oracles_dir};

use crate::workspace;
use installation::Installation;
use list::List;
use outcome::{Side, differences};
use report::Report;
use run::{Pair, Runs};

/// What `cargo xtask cpython-tests` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The version of the interpreter and of its tests, as `cargo xtask oracles` installed them.
    #[arg(long, default_value = "3.14")]
    python: String,
    /// How many test modules run at a time.
    #[arg(short, long, default_value_t = 2)]
    jobs: usize,
    /// How many seconds a module may take.
    #[arg(long, default_value_t = 120)]
    limit: u32,
    /// Where to put both copies of the installation and keep them; without it in a temporary folder.
    #[arg(long)]
    work: Option<PathBuf>,
    /// The modules to run, such as `test.test_dis`; without any, all that the pinned list has.
    tests: Vec<String>,
}

/// Who is to be believed: a difference is one if it is there each time. So often is it asked for again.
const REPEATS: usize = 2;

/// Runs both and compares.
///
/// # Errors
/// A test that ends differently, or nothing to run.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let version = &arguments.python;
    let Some(oracle) = Oracle::find(version) else {
        bail!("no CPython {version} in {}; run cargo xtask oracles", oracles_dir().display());
    };
    let prepyc = workspace::build_release()?.join("prepyc");
    let temporary = tempfile::tempdir()?;
    let work = arguments.work.clone().unwrap_or_else(|| temporary.path().to_owned());
    let copy = |side| Installation::new(&oracle, &work, side, &prepyc);
    let (python, prepyc) = (copy(Side::Python)?, copy(Side::Prepyc)?);
    if let Some(path) = other_files(&python, &prepyc) {
        bail!("{path}: compiled by one of CPython and prepyc alone");
    }
    let runs =
        Runs { python: &python, prepyc: &prepyc, limit_seconds: arguments.limit, jobs: arguments.jobs };
    let list = List::pinned()?;
    let there = python.test_modules();
    let modules = if arguments.tests.is_empty() { list.wanted(&there) } else { arguments.tests.clone() };
    if let Some(unknown) = modules.iter().find(|&module| !there.contains(module)) {
        bail!("CPython {version} has no {unknown}; names are like test.test_dis");
    }
    let release = oracle.evaluate("import platform; print(platform.python_version())");
    let (out, unknown) = (list.left_out(&there), list.unknown(&there));
    let mut told = io::stdout().lock();
    writeln!(told, "CPython {release}: {} of {} test modules, {out} left out", modules.len(), there.len())?;
    for module in unknown {
        writeln!(told, "not in the list: {module}")?;
    }
    drop(told);
    let pairs = runs.all(&modules, progress)?;
    let unsteady = settle(&runs, &pairs)?;
    let report = Report { pairs: &pairs, unsteady: &unsteady };
    write!(io::stdout().lock(), "{report}")?;
    match report.differing_modules() {
        0 => Ok(()),
        count => bail!("{count} test modules end differently"),
    }
}

/// Says which module is done, where somebody may be waiting.
fn progress(pair: &Pair) {
    let verdict = if differences(&pair.python, &pair.prepyc).is_empty() { "alike" } else { "differs" };
    // Whoever closed the stream does not want to know.
    let _closed = writeln!(io::stderr().lock(), "{} {verdict} ({})", pair.module, pair.prepyc.ending);
}

/// Runs modules that differ again, alone and with more time. What is not different each time is unsteady, and no
/// difference: the names of those modules.
fn settle(runs: &Runs<'_>, pairs: &[Pair]) -> anyhow::Result<Vec<String>> {
    let calm = Runs { limit_seconds: runs.limit_seconds * 3, jobs: 1, ..*runs };
    let mut unsteady = Vec::new();
    for pair in pairs {
        let mut left = differences(&pair.python, &pair.prepyc);
        if left.is_empty() {
            continue;
        }
        for _ in 0..REPEATS {
            let again = calm.all(std::slice::from_ref(&pair.module), |_| ())?;
            let found: Vec<_> =
                again.iter().flat_map(|pair| differences(&pair.python, &pair.prepyc)).collect();
            left.retain(|difference| found.contains(difference));
        }
        if left.is_empty() {
            unsteady.push(pair.module.clone());
        }
    }
    Ok(unsteady)
}

/// A file that only one of the libraries has: one compiler refused what the other took.
fn other_files(python: &Installation, prepyc: &Installation) -> Option<String> {
    let (theirs, ours) = (python.files(), prepyc.files());
    let only = |these: &[PathBuf], those: &[PathBuf]| {
        these.iter().find(|path| those.binary_search(path).is_err()).map(|path| path.display().to_string())
    };
    only(&theirs, &ours).or_else(|| only(&ours, &theirs))
}
