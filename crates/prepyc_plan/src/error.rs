//! Why there is no plan: each variant is one mistake in the targets, with the labels it concerns.

use crate::graph::ConfiguredLabel;
use crate::setting::SettingError;

/// So many labels of a circle are named; the rest are counted.
pub(crate) const LABELS_NAMED: usize = 20;

/// One mistake in the graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two targets of one name in one configuration.
    #[error("{0}: there are two targets of this name")]
    DuplicateTarget(ConfiguredLabel),
    /// A dependency that is not in the graph.
    #[error("{target}: depends on {dep}, which does not exist")]
    MissingDep {
        /// Whose dependency it is.
        target: ConfiguredLabel,
        /// What is not there.
        dep: ConfiguredLabel,
    },
    /// Targets that depend on each other.
    #[error("targets depend on each other in a circle: {}", describe_cycle(labels, *length))]
    Cycle {
        /// The first of them, from the least label on, each depending on the next.
        labels: Vec<ConfiguredLabel>,
        /// How many there are in all.
        length: usize,
    },
    /// `main`, or the name of the target in its place, cannot name a file.
    #[error("{target}: {problem}")]
    BadMain {
        /// The binary or test.
        target: ConfiguredLabel,
        /// What is wrong.
        problem: String,
    },
    /// The runtime's tag would lead out of `__pycache__`.
    #[error("the runtime's pyc_tag {0:?} is no part of a file name")]
    BadPycTag(String),
    /// The flags of a configuration contradict each other.
    #[error(transparent)]
    Flags(#[from] SettingError),
}

fn describe_cycle(labels: &[ConfiguredLabel], length: usize) -> String {
    let mut text: Vec<String> = labels.iter().map(ToString::to_string).collect();
    if length > labels.len() {
        text.push(format!("{} more", length - labels.len()));
    }
    text.extend(labels.first().map(ToString::to_string));
    text.join(" -> ")
}
