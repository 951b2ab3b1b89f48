//! What was asked for: from labels of the command line to targets that can be built.

use prepyc_loading::{Rule, Target, Value};
use prepyc_plan::Label;

use super::Errors;
use super::condition::{Conditions, MAX_ALIASES, package_of};
use super::error::AnalysisError;
use super::found::{Declared, Named, look_up};
use super::python::is_python;

/// How a target was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// By its own label: it has to be something that can be built.
    Named,
    /// By a pattern that takes whatever there is: what cannot be built, or is tagged `manual`, is left out.
    Matched,
}

/// A target that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Its label.
    pub label: Label,
    /// How.
    pub why: Why,
}

/// A target that was asked for and is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its label.
    pub label: Label,
    /// Why, in words.
    pub reason: String,
}

/// The Python targets that are to be built, each once, by label.
pub(crate) fn expand(
    conditions: &Conditions<'_>,
    asked: &[Asked],
    skipped: &mut Vec<Skipped>,
    errors: &mut Errors,
) -> Result<Vec<Declared>, AnalysisError> {
    let mut found = Vec::new();
    for Asked { label, why } in asked {
        if let Err(error) = conditions.open_request(label, *why, MAX_ALIASES, &mut found, skipped) {
            errors.add(error)?;
        }
    }
    found.sort_by(|left, right| left.target().label.cmp(&right.target().label));
    found.dedup_by(|left, right| left.target().label == right.target().label);
    Ok(found)
}

impl Conditions<'_> {
    /// Follows aliases and opens test suites.
    fn open_request(
        &self,
        label: &Label,
        why: Why,
        depth: usize,
        into: &mut Vec<Declared>,
        skipped: &mut Vec<Skipped>,
    ) -> Result<(), AnalysisError> {
        let mut skip = |label: &Label, reason: String| skipped.push(Skipped { label: label.clone(), reason });
        let found = match look_up(self.loader, label)? {
            Named::Target(found) => found,
            Named::File(_) => {
                skip(label, "it is a source file, there is nothing to do".to_owned());
                return Ok(());
            }
        };
        let target = found.target();
        if why == Why::Matched && self.texts(target, "tags")?.iter().any(|tag| tag == "manual") {
            return Ok(());
        }
        if let Some(constraint) =
            self.labels(target, "target_compatible_with")?.iter().find(|label| !self.platform.has(label))
        {
            let reason = format!("it is not compatible with this platform: it needs {constraint}");
            return match why {
                Why::Matched => {
                    skip(label, reason);
                    Ok(())
                }
                Why::Named => Err(AnalysisError::at(&target.location, format!("{label}: {reason}"))),
            };
        }
        match &target.rule {
            rule if is_python(rule) => into.push(found),
            // Whoever opens an alias or a suite opens it to its end; a circle comes to none.
            Rule::Alias | Rule::TestSuite if depth == 0 => {
                let message = format!("{label}: aliases and test suites refer to each other in a circle");
                return Err(AnalysisError::at(&target.location, message));
            }
            Rule::Alias => {
                // A pattern finds what the alias stands for by itself, or leaves it to its own package.
                if why == Why::Named
                    && let Some(actual) = self.label(target, "actual")?
                {
                    self.open_request(&actual, why, depth - 1, into, skipped)?;
                }
            }
            Rule::TestSuite => {
                for label in self.tests_of(target)? {
                    self.open_request(&label, Why::Named, depth - 1, into, skipped)?;
                }
            }
            Rule::Unknown(name) => {
                let reason = format!("{name} is a rule that prepyc build does not know");
                match why {
                    Why::Matched => skip(label, reason),
                    Why::Named => {
                        return Err(AnalysisError::at(&target.location, format!("{label}: {reason}")));
                    }
                }
            }
            // What is only there for others to refer to.
            _ => {}
        }
        Ok(())
    }

    /// The tests of a suite: those it names, else all of its package; then by its tags.
    fn tests_of(&self, suite: &Target) -> Result<Vec<Label>, AnalysisError> {
        let named = match self.attribute(suite, "tests")? {
            Some(Value::List(tests)) if !tests.is_empty() => self.labels(suite, "tests")?,
            _ => {
                let package = self.loader.package(&package_of(suite))?;
                let tests = super::python_targets(&package).filter(|target| target.rule == Rule::PyTest);
                let mut labels = Vec::new();
                for test in tests {
                    if !self.texts(test, "tags")?.iter().any(|tag| tag == "manual") {
                        labels.push(test.label.clone());
                    }
                }
                labels
            }
        };
        let filters = self.texts(suite, "tags")?;
        let mut kept = Vec::new();
        for label in named {
            let tags = match look_up(self.loader, &label)? {
                Named::Target(found) => self.texts(found.target(), "tags")?,
                Named::File(_) => Vec::new(),
            };
            let suits = filters.iter().filter(|filter| *filter != "manual").all(|filter| {
                match filter.strip_prefix('-') {
                    Some(unwanted) => !tags.iter().any(|tag| tag == unwanted),
                    None => tags.iter().any(|tag| tag == filter.trim_start_matches('+')),
                }
            });
            if suits {
                kept.push(label);
            }
        }
        Ok(kept)
    }
}
