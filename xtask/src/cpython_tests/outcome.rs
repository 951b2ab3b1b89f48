//! What became of a test module and of each of its cases, and what is different between two runs of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context;
use regex::Regex;

/// Who compiled the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The interpreter itself.
    Python,
    /// prepyc's own compiler.
    Prepyc,
}

impl Side {
    /// The name of its folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Python => "python",
            Side::Prepyc => "prepyc",
        }
    }
}

/// How a process that ran a module ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ending {
    /// By itself.
    Exited(i32),
    /// By a signal.
    Killed(i32),
    /// It was stopped when its time was up.
    OutOfTime,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(code) => write!(f, "exit code {code}"),
            Ending::Killed(signal) => write!(f, "signal {signal}"),
            Ending::OutOfTime => f.write_str("out of time"),
        }
    }
}

/// What became of a case: in one word or two, and in detail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CaseOutcome {
    /// As `runner.py` has it: `passed`, `failed`, `skipped` …
    pub(super) verdict: String,
    /// The reason, or the exception; without what changes from run to run.
    pub(super) words: String,
}

impl fmt::Display for CaseOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verdict)?;
        if !self.words.is_empty() {
            write!(f, " ({})", self.words)?;
        }
        Ok(())
    }
}

/// One run of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModuleOutcome {
    pub(super) ending: Ending,
    /// By name; a name may be met more than once.
    pub(super) cases: BTreeMap<String, Vec<CaseOutcome>>,
}

impl ModuleOutcome {
    /// Reads what `runner.py` wrote; paths below `root` are told without it.
    ///
    /// # Errors
    /// A line that is none of its lines, unless it is the last one and the process was stopped.
    pub(super) fn read(ending: Ending, log: &str, root: &Path) -> anyhow::Result<ModuleOutcome> {
        let root = root.display().to_string();
        let mut cases: BTreeMap<String, Vec<CaseOutcome>> = BTreeMap::new();
        for line in log.lines() {
            let parsed = serde_json::from_str::<(String, String, String)>(line);
            if parsed.is_err() && !matches!(ending, Ending::Exited(_)) {
                break;
            }
            let (name, verdict, words) = parsed.with_context(|| format!("not a line of the log: {line}"))?;
            let outcome = CaseOutcome { verdict, words: steady_words(&words, &root) };
            cases.entry(steady_name(&name, &root)).or_default().push(outcome);
        }
        Ok(ModuleOutcome { ending, cases })
    }

    /// How many cases ended so.
    pub(super) fn count(&self, verdict: &str) -> usize {
        self.cases.values().flatten().filter(|outcome| outcome.verdict == verdict).count()
    }

    /// How many cases there are.
    pub(super) fn len(&self) -> usize {
        self.cases.values().map(Vec::len).sum()
    }
}

/// What `unittest` shows of a long text in the middle of which it left something out.
static SHORTENED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\S*\[[0-9]+ chars\]\S*").expect("an expression"));

/// The names that `tempfile` makes up.
static TEMPORARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\btmp[a-z0-9_]{8}\b").expect("an expression"));

/// So much of what is said of a case is kept.
const LONGEST_WORDS: usize = 400;

/// A name without what may be another in the next run: the root, and addresses.
fn steady_name(name: &str, root: &str) -> String {
    let name = name.replace(root, "…").replace(['\n', '\r'], " ");
    let mut steady = String::new();
    let mut rest = name.as_str();
    while let Some(at) = rest.find("0x") {
        let (before, address) = rest.split_at(at + 2);
        steady.push_str(before);
        rest = address.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
    }
    steady.push_str(rest);
    steady
}

/// What is said of a case, as one line without numbers, and cut off where it is too long to read: processes, ports, times,
/// the bytes of a pyc and what is left of paths that `unittest` shortened are not the same in each run.
fn steady_words(words: &str, root: &str) -> String {
    let words = steady_name(words.trim(), root);
    let words = SHORTENED.replace_all(&words, "…");
    let words = TEMPORARY.replace_all(&words, "tmp");
    let mut steady = String::new();
    for character in words.chars().take(LONGEST_WORDS) {
        match character {
            '0'..='9' if steady.ends_with('#') => {}
            '0'..='9' => steady.push('#'),
            _ => steady.push(character),
        }
    }
    steady
}

/// What is different between two runs of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// How the process ended.
    Ending { python: Ending, prepyc: Ending },
    /// What became of a case; empty where it was not run.
    Case { name: String, python: Vec<CaseOutcome>, prepyc: Vec<CaseOutcome> },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Ending { python, prepyc } => write!(f, "{python} with python, {prepyc} with prepyc"),
            Difference::Case { name, python, prepyc } => {
                write!(f, "{name}: {} with python, {} with prepyc", list(python), list(prepyc))
            }
        }
    }
}

fn list(outcomes: &[CaseOutcome]) -> String {
    if outcomes.is_empty() {
        return "not run".to_owned();
    }
    outcomes.iter().map(CaseOutcome::to_string).collect::<Vec<_>>().join(", ")
}

/// Everything that is different, the ending first, then cases by name. Of two runs that were both stopped, only cases
/// that both came to are compared: how far each came is a matter of the machine.
pub(super) fn differences(python: &ModuleOutcome, prepyc: &ModuleOutcome) -> Vec<Difference> {
    let mut found = Vec::new();
    if python.ending != prepyc.ending {
        found.push(Difference::Ending { python: python.ending, prepyc: prepyc.ending });
    }
    let stopped = python.ending == Ending::OutOfTime && prepyc.ending == Ending::OutOfTime;
    let nothing = Vec::new();
    let others = prepyc.cases.keys().filter(|name| !python.cases.contains_key(*name));
    let mut names: Vec<_> = python.cases.keys().chain(others).collect();
    names.sort();
    for name in names {
        let theirs = python.cases.get(name).unwrap_or(&nothing);
        let ours = prepyc.cases.get(name).unwrap_or(&nothing);
        if theirs != ours && !(stopped && (theirs.is_empty() || ours.is_empty())) {
            let (name, python, prepyc) = (name.clone(), theirs.clone(), ours.clone());
            found.push(Difference::Case { name, python, prepyc });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ending: Ending, log: &str) -> ModuleOutcome {
        ModuleOutcome::read(ending, log, Path::new("/tmp/work/prepyc")).unwrap()
    }

    fn shown(python: &ModuleOutcome, prepyc: &ModuleOutcome) -> Vec<String> {
        differences(python, prepyc).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_changes_from_run_to_run_is_not_told() {
        let log = r#"["a.B.c1 0x7f01", "failed", "X: <a at 0x7f0123> in '/tmp/work/prepyc/lib/a.pyc'\nof worker_4711, 2 s"]"#;
        let read = outcome(Ending::Exited(2), log);
        assert_eq!(read.cases["a.B.c1 0x"][0].words, "X: <a at #x> in '…/lib/a.pyc' of worker_#, # s");
        assert_eq!((read.len(), read.count("failed"), read.count("passed")), (1, 1, 0));
        let log = r#"["b", "failed", "'/tmp[15 chars]prepyc/lib/b.py' != '/tmp/tmphrb_zab3/b.py'"]"#;
        assert_eq!(outcome(Ending::Exited(2), log).cases["b"][0].words, "… != '/tmp/tmp/b.py'");
    }

    #[test]
    fn a_line_that_was_cut_off_is_a_fault_unless_the_process_was_stopped() {
        let log = "[\"a\", \"passed\", \"\"]\n[\"b\", \"pas";
        assert_eq!(outcome(Ending::OutOfTime, log).len(), 1);
        assert_eq!(outcome(Ending::Killed(11), log).len(), 1);
        assert!(ModuleOutcome::read(Ending::Exited(0), log, Path::new("/")).is_err());
    }

    #[test]
    fn each_kind_of_difference_is_found_in_order() {
        let python = outcome(
            Ending::Exited(0),
            "[\"only\", \"passed\", \"\"]\n[\"same\", \"failed\", \"E: 1\"]\n[\"twice\", \"passed\", \"\"]\n[\"words\", \"failed\", \"E: 1\"]",
        );
        let prepyc = outcome(
            Ending::Exited(2),
            "[\"words\", \"failed\", \"E: other\"]\n[\"twice\", \"passed\", \"\"]\n[\"twice\", \"failed\", \"E: 3\"]\n[\"same\", \"failed\", \"E: 1\"]\n[\"also\", \"skipped\", \"no\"]",
        );
        assert_eq!(
            shown(&python, &prepyc),
            [
                "exit code 0 with python, exit code 2 with prepyc",
                "also: not run with python, skipped (no) with prepyc",
                "only: passed with python, not run with prepyc",
                "twice: passed with python, passed, failed (E: #) with prepyc",
                "words: failed (E: #) with python, failed (E: other) with prepyc",
            ]
        );
        assert!(differences(&python, &python).is_empty());
    }

    #[test]
    fn where_both_were_stopped_only_what_both_came_to_counts() {
        let python = outcome(Ending::OutOfTime, "[\"a\", \"passed\", \"\"]\n[\"b\", \"passed\", \"\"]");
        let prepyc = outcome(Ending::OutOfTime, "[\"a\", \"failed\", \"E\"]");
        assert_eq!(shown(&python, &prepyc), ["a: passed with python, failed (E) with prepyc"]);
        // One that was stopped alone may well have hung.
        let prepyc = outcome(Ending::Exited(0), "[\"a\", \"passed\", \"\"]");
        assert_eq!(shown(&python, &prepyc).len(), 2);
    }
}
