//! What is about to become a code object, as text: symbolic labels, no offsets. For tests and for whoever looks for a
//! mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Assembler, Jump};
use crate::cfg::{Cfg, Instruction};
use crate::op::Op;

/// Names for places in the order of the code: `L1`, `L2` and so on.
pub(crate) fn label_names(places: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    places.iter().enumerate().map(|(index, &place)| (place, format!("L{}", index + 1))).collect()
}

/// An instruction of the code object, and the jump that it is.
type Row = (Instruction, Option<Jump>);

impl Assembler {
    /// The last code object's instructions; `cfg` is what it was made of.
    pub(crate) fn listing(&self, cfg: &Cfg) -> String {
        let rows: Vec<Row> = self
            .blocks
            .iter()
            .flat_map(|block| {
                let instructions = cfg[block.id].instructions().iter();
                instructions.map(|&found| (found, block.jump.filter(|_| found.target.is_some())))
            })
            .collect();
        let targets = rows.iter().filter_map(|row| self.shown_target(row, &rows));
        let handlers = rows.iter().filter_map(|row| self.shown_handler(row));
        let labels = label_names(&targets.chain(handlers).collect());
        let mut text = String::new();
        for (place, row) in (0..).zip(&rows) {
            let (instruction, jump) = row;
            if let Some(label) = labels.get(&place) {
                writeln!(text, " {label}:").unwrap();
            }
            let op = jump.map_or(instruction.op, |jump| jump.op);
            let operand = match self.shown_target(row, &rows) {
                Some(target) => labels[&target].clone(),
                None => instruction.oparg.to_string(),
            };
            write!(text, "  {} {operand} @{}", op.name(), instruction.location).unwrap();
            match self.shown_handler(row) {
                Some(handler) => writeln!(text, " under {}", labels[&handler]).unwrap(),
                None => writeln!(text).unwrap(),
            }
        }
        text
    }

    /// Where the interpreter will see the jump lead: for END_ASYNC_FOR to the END_SEND of the SEND it names.
    fn shown_target(&self, row: &Row, rows: &[Row]) -> Option<u32> {
        let place_of = |jump: Jump| self.places[jump.target.index()];
        let target = row.1.map(place_of)?;
        match row.0.op {
            Op::EndAsyncFor => rows[target as usize].1.map(place_of),
            _ => Some(target),
        }
    }

    fn shown_handler(&self, row: &Row) -> Option<u32> {
        row.0.handler.map(|handler| self.places[handler.index()])
    }
}
