//! What has to be built for the targets that were asked for: they themselves, and what ships with them as data.

use std::collections::BTreeSet;

use prepyc_plan::{ConfiguredLabel, TargetId};

use crate::analysis::Analysis;
use crate::closure;

/// Targets by what becomes of them.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Those asked for, and Python targets that are data to anything that ships; sorted.
    targets: Vec<TargetId>,
    /// Programs that need a tree of runfiles of their own; sorted.
    programs: Vec<ConfiguredLabel>,
}

impl Wanted {
    /// What an analysis asks for.
    pub fn of(analysis: &Analysis) -> Wanted {
        let mut labels: BTreeSet<ConfiguredLabel> = analysis.requested.iter().cloned().collect();
        for label in &analysis.requested {
            let Some(target) = analysis.targets.get(label) else { continue };
            if target.is_program() {
                let shipped = closure::shipped(analysis, target);
                let data = shipped.iter().filter_map(|label| analysis.targets.get(label));
                labels.extend(data.flat_map(|target| target.data_targets.iter().cloned()));
            }
        }
        let targets = labels.iter().filter_map(|it| analysis.plan.find(&it.label, it.configuration));
        let mut targets: Vec<TargetId> = targets.collect();
        targets.sort();
        let is_program =
            |label: &&ConfiguredLabel| analysis.targets.get(*label).is_some_and(|target| target.is_program());
        Wanted { targets, programs: labels.iter().filter(is_program).cloned().collect() }
    }

    /// The targets whose default outputs and runfiles have to be there.
    pub fn targets(&self) -> &[TargetId] {
        &self.targets
    }

    /// The programs that are to be put together.
    pub fn programs(&self) -> &[ConfiguredLabel] {
        &self.programs
    }
}
