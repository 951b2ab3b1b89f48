//! Two loads or stores of locals in one instruction.
//!
//! Mirrors `insert_superinstructions` (`Python/flowgraph.c`, from 3.13 on).

use super::contents::Contents;
use super::{Cfg, Instruction};
use crate::op::Op;

/// Each of the two locals has four bits.
const LOCALS_IN_PAIRS: u32 = 16;

impl Cfg {
    /// Pairs up neighbouring loads and stores of low-numbered locals that are not on different lines.
    #[inline(never)]
    pub(super) fn insert_superinstructions(&mut self) {
        self.for_each_block(|cfg, id| {
            if !cfg[id].may_have(Contents::LOCAL) {
                return;
            }
            let mut has_pairs = false;
            let instructions = cfg[id].instructions_mut();
            for index in 1..instructions.len() {
                let (first, second) = (&instructions[index - 1], &instructions[index]);
                let Some(op) = paired(first, second) else {
                    continue;
                };
                instructions[index - 1].oparg = first.oparg << 4 | second.oparg;
                instructions[index - 1].op = op;
                instructions[index].set_nop();
                has_pairs = true;
            }
            if has_pairs {
                cfg[id].contents.insert(Contents::NOP);
            }
        });
        self.remove_redundant_nops();
    }
}

fn paired(first: &Instruction, second: &Instruction) -> Option<Op> {
    let op = match (first.op, second.op) {
        (Op::LoadFast, Op::LoadFast) => Op::LoadFastLoadFast,
        (Op::StoreFast, Op::LoadFast) => Op::StoreFastLoadFast,
        (Op::StoreFast, Op::StoreFast) => Op::StoreFastStoreFast,
        _ => return None,
    };
    let fits = first.oparg < LOCALS_IN_PAIRS && second.oparg < LOCALS_IN_PAIRS;
    (fits && !first.location.on_different_lines(second.location)).then_some(op)
}
