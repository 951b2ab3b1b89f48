//! Loads of constants: small integers, jumps and tests that a constant decides, constants that nothing loads any more.
//!
//! Mirrors `optimize_load_const` and `remove_unused_consts` (`Python/flowgraph.c`).

use prepyc_bytecode::{Constant, PyInt, Strings};

use super::contents::Contents;
use super::{BasicBlock, BasicBlockId, Cfg, Instruction};
use crate::constants::{ConstantTable, small_int};
use crate::evaluate;
use crate::op::{ControlFlow, Op};

impl Cfg {
    /// Turns loads of small integers into LOAD_SMALL_INT.
    #[inline(never)]
    pub(super) fn shrink_small_ints(&mut self, consts: &ConstantTable) {
        if !consts.may_have_small_ints() {
            return;
        }
        for block in self.blocks_with(Contents::CONSTANT) {
            for index in 0..block.used() {
                let load = block.slots[index];
                if load.op == Op::LoadConst
                    && let Some(value) = small_int(consts.get(load.oparg))
                {
                    block.set(index, Op::LoadSmallInt, value);
                }
            }
        }
    }

    /// Decides jumps and truth tests of constants, and turns comparisons with None into jumps of their own.
    #[inline(never)]
    pub(super) fn fold_constant_jumps(&mut self, consts: &mut ConstantTable, strings: &Strings) {
        if !self.could_have(Contents::DECIDABLE) {
            return;
        }
        self.for_each_block(|cfg, id| {
            let block = &cfg[id];
            if !block.may_have(Contents::DECIDABLE)
                || !block.may_have(Contents::CONSTANT.and(Contents::SMALL_INT))
            {
                return;
            }
            for index in 1..cfg[id].used() {
                let op = cfg[id].slots[index].op;
                if !depends_on_constant(op) {
                    continue;
                }
                let before = index - 1;
                let Some(load) = constant_on_top(&cfg[id].slots[..index]) else {
                    continue;
                };
                let Some(value) = loaded_constant(&load, consts) else {
                    continue;
                };
                match op {
                    Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::JumpIfFalse | Op::JumpIfTrue => {
                        cfg.decide_jump(id, before, evaluate::is_true(&value, strings));
                    }
                    Op::IsOp if matches!(value, Constant::None) => cfg.fuse_none_test(id, before),
                    Op::ToBool => {
                        let truth = Constant::Bool(evaluate::is_true(&value, strings));
                        let truth = consts.add(truth);
                        cfg[id].set_nop(before);
                        cfg[id].set(index, Op::LoadConst, truth);
                    }
                    _ => {}
                }
            }
        });
    }

    /// Replaces the conditional jump after the load at `index` by an unconditional one, or by nothing.
    fn decide_jump(&mut self, id: BasicBlockId, index: usize, truth: bool) {
        self.edges_changed = true;
        let block = &mut self[id];
        let jump = block.slots[index + 1].op;
        if matches!(jump, Op::PopJumpIfFalse | Op::PopJumpIfTrue) {
            block.set_nop(index);
        }
        if truth == matches!(jump, Op::PopJumpIfTrue | Op::JumpIfTrue) {
            block.set_op(index + 1, Op::Jump);
        } else {
            block.set_nop(index + 1);
        }
    }

    /// Turns `None` loaded at `index`, IS_OP and a conditional jump into one jump, dropping a TO_BOOL in between.
    fn fuse_none_test(&mut self, id: BasicBlockId, index: usize) {
        let block = &mut self[id];
        let mut at = index + 2;
        if at < block.used() && block.slots[at].op == Op::ToBool {
            block.set_nop(at);
            at += 1;
        }
        if at >= block.used() {
            return;
        }
        let jumps_if_same = match block.slots[at].op {
            Op::PopJumpIfTrue => block.slots[index + 1].oparg == 0,
            Op::PopJumpIfFalse => block.slots[index + 1].oparg != 0,
            _ => return,
        };
        block.set_nop(index);
        block.set_nop(index + 1);
        block.set_op(at, if jumps_if_same { Op::PopJumpIfNone } else { Op::PopJumpIfNotNone });
    }

    /// Turns a constant's load and RETURN_VALUE into RETURN_CONST.
    pub(super) fn fuse_constant_returns(&mut self) {
        for block in self.blocks_with(Contents::CONSTANT) {
            // RETURN_VALUE stands last.
            if let [.., load, end] = block.instructions()
                && load.op == Op::LoadConst
                && end.op == Op::ReturnValue
            {
                let (constant, end) = (load.oparg, block.used() - 1);
                block.set(end, Op::ReturnConst, constant);
                // The constant is still loaded: not dropped.
                block.set_op(end - 1, Op::Nop);
                block.slots[end - 1].oparg = 0;
            }
        }
    }

    /// Drops constants that no instruction loads, bar the first, which may be the docstring.
    #[inline(never)]
    pub(super) fn remove_unused_constants(&mut self, consts: &mut ConstantTable) {
        const UNUSED: u32 = u32::MAX;
        // The only one is the first.
        if consts.len() <= 1 {
            return;
        }
        if !self.emptied_constants && !self.may_have(Contents::CONSTANT_DROPPED) {
            debug_assert!(self.uses_all(consts), "code generation loads each constant, bar the first");
            return;
        }
        let mut places = std::mem::take(&mut self.constant_places);
        places.clear();
        places.resize(consts.len(), UNUSED);
        places[0] = 0;
        for block in self.blocks_with(Contents::CONSTANT) {
            for instruction in block.instructions() {
                // Number 0 stays anyway. A product: half of the instructions have one, and no one knows which.
                let index = instruction.oparg * u32::from(instruction.op.has_const());
                places[index as usize] = 0;
            }
        }
        let mut kept = 0;
        for place in places.iter_mut().filter(|place| **place != UNUSED) {
            *place = kept;
            kept += 1;
        }
        if (kept as usize) < consts.len() {
            let moved = places[..kept as usize].contains(&UNUSED);
            consts.retain(|index| places[index as usize] != UNUSED);
            if !moved {
                self.constant_places = places;
                return;
            }
            for block in self.blocks_with(Contents::CONSTANT) {
                for instruction in block.instructions_mut().iter_mut().filter(|found| found.op.has_const()) {
                    instruction.oparg = places[instruction.oparg as usize];
                }
            }
        }
        self.constant_places = places;
    }
}

impl Cfg {
    /// Whether every constant but the first is loaded somewhere.
    fn uses_all(&self, consts: &ConstantTable) -> bool {
        let blocks = self.blocks[..self.in_use].iter();
        let loads = blocks.flat_map(BasicBlock::instructions).filter(|found| found.op.has_const());
        let loaded: Vec<u32> = loads.map(|load| load.oparg).collect();
        (1..consts.len() as u32).all(|index| loaded.contains(&index))
    }
}

/// Whether an instruction can be done without if what it takes is a constant.
const fn depends_on_constant(op: Op) -> bool {
    matches!(
        op,
        Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::JumpIfFalse | Op::JumpIfTrue | Op::IsOp | Op::ToBool
    )
}

/// Whether it loads a constant.
pub(super) fn loads_constant(instruction: &Instruction) -> bool {
    matches!(instruction.op, Op::LoadConst | Op::LoadSmallInt)
}

/// The constant that the instruction loads, if it does.
pub(super) fn loaded_constant(instruction: &Instruction, consts: &ConstantTable) -> Option<Constant> {
    match instruction.op {
        Op::LoadConst => Some(consts.get(instruction.oparg).clone()),
        Op::LoadSmallInt => Some(Constant::Int(PyInt::from(i64::from(instruction.oparg)))),
        _ => None,
    }
}

/// Turns an instruction into the load of a constant, in the shortest form.
pub(super) fn set_load(block: &mut BasicBlock, index: usize, value: Constant, consts: &mut ConstantTable) {
    match small_int(&value) {
        Some(value) => block.set(index, Op::LoadSmallInt, value),
        None => block.set(index, Op::LoadConst, consts.add(value)),
    }
}

/// The load of what is on top of the stack after these instructions, be it copied since; else the last of them.
fn constant_on_top(instructions: &[Instruction]) -> Option<Instruction> {
    let is_copy = |found: &&Instruction| found.op == Op::Copy && found.oparg == 1;
    let copies = instructions.iter().rev().take_while(is_copy).count();
    let load = instructions.iter().rev().nth(copies).filter(|load| copies == 0 || load.op == Op::LoadConst);
    load.copied()
}
