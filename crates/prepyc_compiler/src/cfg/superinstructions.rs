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
    /// Pairs up neighbours. What is paired with the one before it is left out at once, bar where CPython's NOP in its place
    /// would keep a line.
    fn pair_up(&mut self) {
        let instructions = self.instructions_mut();
        let Some(first_pair) = (1..instructions.len())
            .find(|&index| paired(&instructions[index - 1], &instructions[index]).is_some())
        else {
            return;
        };
        let mut last = first_pair - 1;
        let mut keeps_nops = false;
        for index in first_pair..instructions.len() {
            let mut second = instructions[index];
            let first = &mut instructions[last];
            if let Some(op) = paired(first, &second) {
                first.oparg = first.oparg << 4 | second.oparg;
                first.op = op;
                if !second.location.has_line() || first.location.same_line(second.location) {
                    continue;
                }
                second.set_nop();
                keeps_nops = true;
            }
            last += 1;
            instructions[last] = second;
        }
        self.truncate(last + 1);
        self.contents.insert(Contents::LOCAL_LOAD);
        if keeps_nops {
            self.contents.insert(Contents::NOP);
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
