//! Targets into one order, and their dependencies from labels to places in it. Finds what is missing and what is circular.

use rustc_hash::FxHashMap;

use crate::error::{LABELS_NAMED, PlanError};
use crate::graph::{ConfiguredLabel, Target};

/// One of a plan's targets; ordered by label, then configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub(crate) u32);

impl TargetId {
    pub(crate) fn of(index: usize) -> TargetId {
        TargetId(u32::try_from(index).expect("at most 2^32 targets"))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a target depends on, as places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edges {
    /// `deps`, in the order of the BUILD file.
    pub(crate) deps: Vec<TargetId>,
    /// What is carried but not passed on.
    pub(crate) extra_deps: Vec<TargetId>,
}

/// Sorts the targets and resolves their dependencies.
///
/// # Errors
/// All of: targets there twice, dependencies that are not there; else one circle.
pub(crate) fn arrange(mut targets: Vec<Target>) -> Result<(Vec<Target>, Vec<Edges>), Vec<PlanError>> {
    targets
        .sort_by(|left, right| (&left.label, left.configuration).cmp(&(&right.label, right.configuration)));
    let mut errors = Vec::new();
    let mut places: FxHashMap<ConfiguredLabel, TargetId> = FxHashMap::default();
    for (index, target) in targets.iter().enumerate() {
        if places.insert(target.configured_label(), TargetId::of(index)).is_some() {
            errors.push(PlanError::DuplicateTarget(target.configured_label()));
        }
    }
    let mut resolve = |target: &Target, labels: &[ConfiguredLabel]| -> Vec<TargetId> {
        let mut found = Vec::with_capacity(labels.len());
        for label in labels {
            match places.get(label) {
                Some(id) => found.push(*id),
                None => errors
                    .push(PlanError::MissingDep { target: target.configured_label(), dep: label.clone() }),
            }
        }
        found
    };
    let mut edges = Vec::with_capacity(targets.len());
    for target in &targets {
        let extra = target.kind.executable().map_or(&[][..], |executable| &executable.extra_deps);
        edges.push(Edges { deps: resolve(target, &target.deps), extra_deps: resolve(target, extra) });
    }
    if errors.is_empty()
        && let Some(cycle) = find_cycle(&edges)
    {
        let length = cycle.len();
        let labels = cycle.iter().take(LABELS_NAMED);
        errors.push(PlanError::Cycle {
            labels: labels.map(|id| targets[id.index()].configured_label()).collect(),
            length,
        });
    }
    if errors.is_empty() { Ok((targets, edges)) } else { Err(errors) }
}

/// The first circle that a walk in order comes upon, from its first target on.
fn find_cycle(edges: &[Edges]) -> Option<Vec<TargetId>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Unseen,
        OnPath,
        Done,
    }
    let mut states = vec![State::Unseen; edges.len()];
    // The path from a root to where the walk is, and how many of each target's edges are walked.
    let mut path: Vec<(TargetId, usize)> = Vec::new();
    for root in (0..edges.len()).map(TargetId::of) {
        if states[root.index()] == State::Unseen {
            states[root.index()] = State::OnPath;
            path.push((root, 0));
        }
        while let Some((target, walked)) = path.last_mut() {
            let Edges { deps, extra_deps } = &edges[target.index()];
            let Some(&next) = deps.iter().chain(extra_deps).nth(*walked) else {
                states[target.index()] = State::Done;
                path.pop();
                continue;
            };
            *walked += 1;
            match states[next.index()] {
                State::Done => {}
                State::Unseen => {
                    states[next.index()] = State::OnPath;
                    path.push((next, 0));
                }
                State::OnPath => {
                    let begin = path.iter().position(|(target, _)| *target == next);
                    let mut cycle: Vec<_> =
                        path[begin.expect("it is on the path")..].iter().map(|(target, _)| *target).collect();
                    let least = (0..cycle.len()).min_by_key(|&index| cycle[index]).unwrap_or(0);
                    cycle.rotate_left(least);
                    return Some(cycle);
                }
            }
        }
    }
    None
}
