//! Runs what has to be run, and says what became of it.

use std::collections::BTreeSet;

use prepyc_execution::{CancelToken, Event, Executor, Outcome};
use prepyc_plan::{ActionId, FailedActions, Label, OnPrecompileError};

use crate::actions::actions;
use crate::analysis::Analysis;
use crate::outputs::Outputs;
use crate::tools::Tools;
use crate::wanted::Wanted;

/// What running the actions came to.
#[derive(Clone, Debug)]
pub struct Built {
    /// The actions without a pyc that the build goes on without.
    pub failed: FailedActions,
    /// What was said of single sources, in the order of actions: warnings, rejections, failures.
    pub messages: Vec<Message>,
    /// What the user should know about targets, in order.
    pub warnings: Vec<String>,
    /// How many actions came to what.
    pub counts: Counts,
}

/// What was said of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The source.
    pub source: Label,
    /// What it means for the build.
    pub severity: Severity,
    /// What was said, without a newline at the end.
    pub text: String,
}

/// What a message means for the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pyc is there.
    Warning,
    /// The source was rejected, and ships in its pyc's place.
    Tolerated,
    /// The source was rejected, and the build has failed.
    Rejected,
    /// Something else went wrong, and the build has failed.
    Failed,
}

/// Actions by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Their pycs were there already.
    pub up_to_date: usize,
    /// Their pycs came from the disk cache.
    pub from_cache: usize,
    /// They were run.
    pub ran: usize,
    /// Their source was rejected, and ships in its pyc's place.
    pub tolerated: usize,
    /// Their source was rejected, or they could not be tried: the build has failed.
    pub failed: usize,
    /// They were not run.
    pub cancelled: usize,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.up_to_date + self.from_cache + self.ran + self.tolerated + self.failed + self.cancelled
    }
}

impl Built {
    /// Whether everything that was asked for can be put together.
    pub fn is_success(&self) -> bool {
        self.counts.failed == 0 && self.counts.cancelled == 0
    }
}

/// Runs the actions that the targets asked for need.
pub fn build(
    analysis: &Analysis,
    outputs: &Outputs,
    tools: &Tools,
    wanted: &Wanted,
    executor: &Executor,
    cancel: &CancelToken,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Built {
    let plan = &analysis.plan;
    let request = plan.request(wanted.targets());
    let actions = actions(analysis, outputs, tools, &request.actions);
    let outcomes = executor.run(&actions, cancel, on_event);
    let mut built = Built {
        failed: FailedActions::none(),
        messages: Vec::new(),
        warnings: request.warnings.iter().map(ToString::to_string).collect(),
        counts: Counts::default(),
    };
    let mut failed: Vec<ActionId> = Vec::new();
    let mut told = BTreeSet::new();
    for (&id, outcome) in request.actions.iter().zip(&outcomes) {
        let tolerated = built.count(analysis, id, outcome);
        if tolerated {
            failed.push(id);
            told.insert(plan.action(id).on_error());
        }
    }
    built.failed = FailedActions::of(failed);
    if told.contains(&OnPrecompileError::Warn) {
        let rejections = plan.rejections(wanted.targets(), &built.failed);
        built.warnings.extend(rejections.iter().map(ToString::to_string));
    }
    built
}

impl Built {
    /// Takes note of one outcome; whether it is a rejection that the build goes on after.
    fn count(&mut self, analysis: &Analysis, id: ActionId, outcome: &Outcome) -> bool {
        let action = analysis.plan.action(id);
        let source = &analysis.plan.file(action.source()).label;
        let mut say = |severity: Severity, text: &str| {
            let text = text.trim_end();
            if !text.is_empty() {
                self.messages.push(Message { source: source.clone(), severity, text: text.to_owned() });
            }
        };
        let counts = &mut self.counts;
        match outcome {
            Outcome::UpToDate => counts.up_to_date += 1,
            Outcome::FromCache { output } => {
                counts.from_cache += 1;
                say(Severity::Warning, output);
            }
            Outcome::Ran { output, .. } => {
                counts.ran += 1;
                say(Severity::Warning, output);
            }
            Outcome::Rejected { output } => {
                let silent = output.trim().is_empty();
                let words = "the precompiler rejected it and did not say why";
                match action.on_error() {
                    OnPrecompileError::Auto | OnPrecompileError::Fail => {
                        counts.failed += 1;
                        say(Severity::Rejected, if silent { words } else { output });
                    }
                    on_error => {
                        counts.tolerated += 1;
                        if on_error == OnPrecompileError::Warn {
                            say(Severity::Tolerated, output);
                        }
                        return true;
                    }
                }
            }
            Outcome::Failed { error } => {
                counts.failed += 1;
                say(Severity::Failed, &error.to_string());
            }
            Outcome::Cancelled => counts.cancelled += 1,
        }
        false
    }
}
