//! What is about to become a code object, as text: symbolic labels, no offsets. For tests and for whoever looks for a
//! mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Assembler;
use crate::op::Op;

/// Names for places in the order of the code: `L1`, `L2` and so on.
pub(crate) fn label_names(places: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    places.iter().enumerate().map(|(index, &place)| (place, format!("L{}", index + 1))).collect()
}

impl Assembler {
    /// Where the interpreter will see the jump lead: for END_ASYNC_FOR to the END_SEND of the SEND it names.
    fn shown_target(&self, place: u32) -> Option<u32> {
        let target = self.target_of(place);
        match self.instructions[place as usize].op {
            Op::EndAsyncFor => target.and_then(|send| self.target_of(send)),
            _ => target,
        }
    }
}

impl fmt::Display for Assembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = (0..self.instructions.len() as u32).filter_map(|place| self.shown_target(place));
        let handlers = self.handlers.iter().flatten();
        let labels = label_names(&targets.chain(handlers.map(|handler| handler.place)).collect());
        for (place, instruction) in self.instructions.iter().enumerate() {
            let handler = self.handlers.get(place).copied().flatten();
            let location = self.locations[place];
            let place = place as u32;
            if let Some(label) = labels.get(&place) {
                writeln!(f, " {label}:")?;
            }
            write!(f, "  {} ", instruction.op.name())?;
            match self.shown_target(place) {
                Some(target) => write!(f, "{}", labels[&target])?,
                None => write!(f, "{}", instruction.oparg)?,
            }
            write!(f, " @{}", location)?;
            match handler {
                Some(handler) => writeln!(f, " under {}", labels[&handler.place])?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
