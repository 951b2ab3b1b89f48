//! What is about to become a code object, as text: symbolic labels, no offsets. For tests and for whoever looks for a
//! mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Assembler, Placed};
use crate::op::Op;

/// Names for places in the order of the code: `L1`, `L2` and so on.
pub(crate) fn label_names(places: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    places.iter().enumerate().map(|(index, &place)| (place, format!("L{}", index + 1))).collect()
}

impl Assembler {
    /// Where the interpreter will see the jump lead: for END_ASYNC_FOR to the END_SEND of the SEND it names.
    fn shown_target(&self, instruction: &Placed) -> Option<u32> {
        match instruction.op {
            Op::EndAsyncFor => instruction.target.and_then(|send| self.instructions[send as usize].target),
            _ => instruction.target,
        }
    }
}

impl fmt::Display for Assembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = self.instructions.iter().filter_map(|instruction| self.shown_target(instruction));
        let handlers = self.instructions.iter().filter_map(|instruction| instruction.handler);
        let labels = label_names(&targets.chain(handlers.map(|handler| handler.place)).collect());
        for (place, instruction) in self.instructions.iter().enumerate() {
            if let Some(label) = labels.get(&(place as u32)) {
                writeln!(f, " {label}:")?;
            }
            write!(f, "  {} ", instruction.op.name())?;
            match self.shown_target(instruction) {
                Some(target) => write!(f, "{}", labels[&target])?,
                None => write!(f, "{}", instruction.oparg)?,
            }
            write!(f, " @{}", instruction.location)?;
            match instruction.handler {
                Some(handler) => writeln!(f, " under {}", labels[&handler.place])?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
