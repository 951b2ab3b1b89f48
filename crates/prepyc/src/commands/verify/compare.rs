//! Both sides of one source at one level, and what to say where they differ.

use prepyc_bytecode::Program;
use prepyc_bytecode::diff::first_differences;
use prepyc_engine::{Diagnostic, Optimize};
use prepyc_version::PyVersion;

use super::reference::{Answer, Rejection};

/// How the two sides compare.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Every field of every code object is equal.
    Equal,
    /// Both reject the source, for the same reason at the same place.
    RejectedByBoth,
    /// They differ.
    Different(Vec<String>),
    /// They could not be compared.
    Failed(String),
}

impl Verdict {
    /// What is to be shown.
    pub(super) fn lines(&self) -> &[String] {
        match self {
            Verdict::Equal | Verdict::RejectedByBoth => &[],
            Verdict::Different(lines) => lines,
            Verdict::Failed(line) => std::slice::from_ref(line),
        }
    }
}

/// Compares what prepyc has made of a source with the interpreter's answer.
pub(super) fn compare(
    level: Optimize,
    version: PyVersion,
    ours: &Result<Vec<u8>, Box<Diagnostic>>,
    answer: Answer,
) -> Verdict {
    let different = |what: String| Verdict::Different(vec![format!("level {level}: {what}")]);
    match (ours, answer) {
        (Ok(ours), Answer::Accepted { marshal, differences }) => {
            let mut lines = reading_differences(ours, &marshal, version);
            if lines.is_empty() {
                lines = differences.into_iter().map(|line| format!("as CPython loads it: {line}")).collect();
            }
            if lines.is_empty() {
                return Verdict::Equal;
            }
            Verdict::Different(lines.into_iter().map(|line| format!("level {level}: {line}")).collect())
        }
        (Err(ours), Answer::Rejected { named, unnamed }) => {
            let ours = Rejection::of(ours);
            if ours == named || ours == unnamed {
                Verdict::RejectedByBoth
            } else {
                different(format!("rejected with {ours}, by CPython with {named}"))
            }
        }
        (Ok(_), Answer::Rejected { named, .. }) => {
            different(format!("compiled, but CPython rejects it with {named}"))
        }
        (Err(ours), Answer::Accepted { .. }) => {
            different(format!("rejected with {}, but CPython compiles it", Rejection::of(ours)))
        }
    }
}

/// The differences between what prepyc reads from its own bytes and from the interpreter's.
fn reading_differences(ours: &[u8], theirs: &[u8], version: PyVersion) -> Vec<String> {
    let ours = match Program::from_marshal(ours, version) {
        Ok(program) => program,
        Err(error) => return vec![format!("prepyc cannot read its own bytes: {error}")],
    };
    match Program::from_marshal(theirs, version) {
        Ok(theirs) => first_differences(&ours, &theirs)
            .into_iter()
            .map(|difference| format!("{difference} (CPython's)"))
            .collect(),
        Err(error) => vec![format!("prepyc cannot read CPython's marshal bytes: {error}")],
    }
}
