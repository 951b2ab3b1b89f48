//! Two loads or stores of locals in one instruction.
//!
//! Mirrors `insert_superinstructions` (`Python/flowgraph.c`, from 3.13 on).

use super::contents::Contents;
use super::{BasicBlock, Cfg, Instruction};
use crate::op::Op;

/// Each of the two locals has four bits.
const LOCALS_IN_PAIRS: u32 = 16;

impl Cfg {
    /// Pairs up neighbouring loads and stores of low-numbered locals that are not on different lines.
    #[inline(never)]
    pub(super) fn insert_superinstructions(&mut self) {
        self.blocks_with(Contents::LOCAL).for_each(BasicBlock::pair_up);
        self.remove_redundant_nops();
    }
}

impl BasicBlock {
    fn pair_up(&mut self) {
        let instructions = self.instructions_mut();
        let mut has_pairs = false;
        for index in 1..instructions.len() {
            let [first, second] = &mut instructions[index - 1..=index] else {
                continue;
            };
            if let Some(op) = paired(first, second) {
                first.oparg = first.oparg << 4 | second.oparg;
                first.op = op;
                second.set_nop();
                has_pairs = true;
            }
        }
        if has_pairs {
            self.contents.insert(Contents::NOP.and(Contents::LOCAL_LOAD));
        }
    }
}

/// The instruction that does what both do.
fn paired(first: &Instruction, second: &Instruction) -> Option<Op> {
    // All conditions in one: which instructions these are cannot be foreseen, that they rarely make a pair can.
    let op = PAIRS[LOCAL_KINDS[first.op as usize] as usize][LOCAL_KINDS[second.op as usize] as usize];
    let fits = (first.oparg < LOCALS_IN_PAIRS) & (second.oparg < LOCALS_IN_PAIRS);
    ((op as u32 != Op::Nop as u32) & fits & !first.location.on_different_lines(second.location)).then_some(op)
}

/// By instruction: whether it loads a local (1), stores one (2), or does something else.
static LOCAL_KINDS: [u8; Op::COUNT] = {
    let mut kinds = [0; Op::COUNT];
    kinds[Op::LoadFast as usize] = 1;
    kinds[Op::StoreFast as usize] = 2;
    kinds
};

/// By the kinds of two instructions: the one that stands for both, or a NOP.
static PAIRS: [[Op; 3]; 3] = [
    [Op::Nop; 3],
    [Op::Nop, Op::LoadFastLoadFast, Op::Nop],
    [Op::Nop, Op::StoreFastLoadFast, Op::StoreFastStoreFast],
];
