//! What is told at the end: each module that differs, case by case, and how many of which kind there were.

use std::fmt;

use super::outcome::{Difference, Ending, ModuleOutcome, differences};
use super::run::Pair;

/// Everything that was run.
pub(super) struct Report<'a> {
    /// In the order in which they are told.
    pub(super) pairs: &'a [Pair],
    /// Modules whose differences did not stay when they were run again.
    pub(super) unsteady: &'a [String],
}

impl Report<'_> {
    /// The modules that differ each time, with what differed at first.
    fn differing(&self) -> impl Iterator<Item = (&Pair, Vec<Difference>)> {
        let compared = self.pairs.iter().map(|pair| (pair, differences(&pair.python, &pair.prepyc)));
        compared.filter(|(pair, found)| !found.is_empty() && !self.unsteady.contains(&pair.module))
    }

    /// How many those are.
    pub(super) fn differing_modules(&self) -> usize {
        self.differing().count()
    }

    fn modules(&self, ended: impl Fn(Ending) -> bool) -> usize {
        self.pairs.iter().filter(|pair| ended(pair.python.ending) && ended(pair.prepyc.ending)).count()
    }

    fn cases(&self, count: impl Fn(&ModuleOutcome) -> usize) -> usize {
        self.pairs.iter().map(|pair| count(&pair.prepyc)).sum()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (pair, found) in self.differing() {
            for difference in found {
                writeln!(f, "{}: {difference}", pair.module)?;
            }
        }
        for module in self.unsteady {
            writeln!(f, "{module}: differs from run to run")?;
        }
        let passed = self.modules(|ending| ending == Ending::Exited(0));
        let stopped = self.modules(|ending| ending == Ending::OutOfTime);
        let differing = self.differing_modules();
        writeln!(
            f,
            "modules: {}, {passed} passed, {stopped} out of time with both libraries, {differing} different, {} unsteady",
            self.pairs.len(),
            self.unsteady.len(),
        )?;
        let by_verdict = |verdict| self.cases(|outcome| outcome.count(verdict));
        writeln!(
            f,
            "cases: {}, {} passed, {} failed, {} skipped, {} failed as expected",
            self.cases(ModuleOutcome::len),
            by_verdict("passed"),
            by_verdict("failed"),
            by_verdict("skipped"),
            by_verdict("failed as expected"),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn pair(module: &str, python: (Ending, &str), prepyc: (Ending, &str)) -> Pair {
        let read = |(ending, log): (Ending, &str)| ModuleOutcome::read(ending, log, Path::new("/")).unwrap();
        Pair { module: module.to_owned(), python: read(python), prepyc: read(prepyc) }
    }

    #[test]
    fn differences_come_first_in_the_order_of_the_modules_then_the_figures() {
        let (passed, failed) = ("[\"x\", \"passed\", \"\"]", "[\"x\", \"failed\", \"E\"]");
        let pairs = [
            pair("test.test_b", (Ending::Exited(0), passed), (Ending::Exited(2), failed)),
            pair("test.test_a", (Ending::Exited(0), passed), (Ending::Killed(11), "")),
            pair("test.test_c", (Ending::Exited(2), failed), (Ending::Exited(2), failed)),
            pair("test.test_d", (Ending::OutOfTime, passed), (Ending::OutOfTime, "")),
            pair("test.test_e", (Ending::Exited(0), passed), (Ending::Exited(2), failed)),
            pair("test.test_f", (Ending::Exited(0), passed), (Ending::Exited(0), passed)),
        ];
        let report = Report { pairs: &pairs, unsteady: &["test.test_e".to_owned()] };
        assert_eq!(report.differing_modules(), 2);
        assert_eq!(
            report.to_string(),
            "test.test_b: exit code 0 with python, exit code 2 with prepyc\n\
             test.test_b: x: passed with python, failed (E) with prepyc\n\
             test.test_a: exit code 0 with python, signal 11 with prepyc\n\
             test.test_a: x: passed with python, not run with prepyc\n\
             test.test_e: differs from run to run\n\
             modules: 6, 1 passed, 1 out of time with both libraries, 2 different, 1 unsteady\n\
             cases: 4, 1 passed, 3 failed, 0 skipped, 0 failed as expected\n"
        );
    }
}
