//! Loads of constants: small integers, jumps and tests that a constant decides, constants that nothing loads any more.
//!
//! Mirrors `optimize_load_const` and `remove_unused_consts` (`Python/flowgraph.c`).

use prepyc_bytecode::{Constant, PyInt, Strings};

use super::{BasicBlockId, Cfg, Instruction};
use crate::constants::ConstantTable;
use crate::evaluate;
use crate::op::{ControlFlow, Op};

/// Integers from 0 up to this one, without it, are loaded by LOAD_SMALL_INT.
///
/// CPython: `_PY_IS_SMALL_INT` (`Include/internal/pycore_long.h`, 3.14).
const SMALL_INT_LIMIT: i64 = 256;

impl Cfg {
    /// Turns loads of small integers into LOAD_SMALL_INT.
    pub(super) fn shrink_small_ints(&mut self, consts: &ConstantTable) {
        self.for_each_block(|cfg, id| {
            for instruction in cfg[id].instructions_mut() {
                if instruction.op == Op::LoadConst
                    && let Some(value) = small_int(consts.get(instruction.oparg))
                {
                    instruction.set(Op::LoadSmallInt, value);
                }
            }
        });
    }

    /// Decides jumps and truth tests of constants, and turns comparisons with None into jumps of their own.
    pub(super) fn fold_constant_jumps(&mut self, consts: &mut ConstantTable, strings: &Strings) {
        self.for_each_block(|cfg, id| {
            let mut loaded: Option<Instruction> = None;
            for index in 0..cfg[id].used {
                let instruction = cfg[id].slots[index];
                let copies_constant = loaded.is_some_and(|load| load.op == Op::LoadConst)
                    && instruction.op == Op::Copy
                    && instruction.oparg == 1;
                if !copies_constant {
                    loaded = Some(instruction);
                }
                let Some(next) = cfg[id].instructions().get(index + 1) else {
                    continue;
                };
                if !depends_on_constant(next.op) {
                    continue;
                }
                let Some(value) = loaded.and_then(|load| loaded_constant(&load, consts)) else {
                    continue;
                };
                match next.op {
                    Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::JumpIfFalse | Op::JumpIfTrue => {
                        cfg.decide_jump(id, index, evaluate::is_true(&value, strings));
                    }
                    Op::IsOp if matches!(value, Constant::None) => cfg.fuse_none_test(id, index),
                    Op::ToBool => {
                        let truth = Constant::Bool(evaluate::is_true(&value, strings));
                        let truth = consts.add(truth);
                        let slots = &mut cfg[id].slots;
                        slots[index].set_nop();
                        slots[index + 1].set(Op::LoadConst, truth);
                    }
                    _ => {}
                }
            }
        });
    }

    /// Replaces the conditional jump after the load at `index` by an unconditional one, or by nothing.
    fn decide_jump(&mut self, id: BasicBlockId, index: usize, truth: bool) {
        let slots = &mut self[id].slots;
        let jump = slots[index + 1].op;
        if matches!(jump, Op::PopJumpIfFalse | Op::PopJumpIfTrue) {
            slots[index].set_nop();
        }
        if truth == matches!(jump, Op::PopJumpIfTrue | Op::JumpIfTrue) {
            slots[index + 1].op = Op::Jump;
        } else {
            slots[index + 1].set_nop();
        }
    }

    /// Turns `None` loaded at `index`, IS_OP and a conditional jump into one jump, dropping a TO_BOOL in between.
    fn fuse_none_test(&mut self, id: BasicBlockId, index: usize) {
        let used = self[id].used;
        let slots = &mut self[id].slots[..used];
        let mut at = index + 2;
        if at < used && slots[at].op == Op::ToBool {
            slots[at].set_nop();
            at += 1;
        }
        if at >= used {
            return;
        }
        let jumps_if_same = match slots[at].op {
            Op::PopJumpIfTrue => slots[index + 1].oparg == 0,
            Op::PopJumpIfFalse => slots[index + 1].oparg != 0,
            _ => return,
        };
        slots[index].set_nop();
        slots[index + 1].set_nop();
        slots[at].op = if jumps_if_same { Op::PopJumpIfNone } else { Op::PopJumpIfNotNone };
    }

    /// Turns a constant's load and RETURN_VALUE into RETURN_CONST.
    pub(super) fn fuse_constant_returns(&mut self) {
        self.for_each_block(|cfg, id| {
            for index in 1..cfg[id].used {
                let before = cfg[id].slots[index - 1];
                if before.op == Op::LoadConst && cfg[id].slots[index].op == Op::ReturnValue {
                    cfg[id].slots[index - 1].set_nop();
                    cfg[id].slots[index].set(Op::ReturnConst, before.oparg);
                }
            }
        });
    }

    /// Drops constants that no instruction loads, bar the first, which may be the docstring.
    pub(super) fn remove_unused_constants(&mut self, consts: &mut ConstantTable) {
        const UNUSED: u32 = u32::MAX;
        if consts.is_empty() {
            return;
        }
        let mut places = vec![UNUSED; consts.len()];
        places[0] = 0;
        self.for_each_block(|cfg, id| {
            for instruction in cfg[id].instructions().iter().filter(|found| found.op.has_const()) {
                places[instruction.oparg as usize] = 0;
            }
        });
        let mut kept = 0;
        for place in places.iter_mut().filter(|place| **place != UNUSED) {
            *place = kept;
            kept += 1;
        }
        if kept as usize == consts.len() {
            return;
        }
        consts.retain(|index| places[index as usize] != UNUSED);
        self.for_each_block(|cfg, id| {
            for instruction in cfg[id].instructions_mut().iter_mut().filter(|found| found.op.has_const()) {
                instruction.oparg = places[instruction.oparg as usize];
            }
        });
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

/// Turns the instruction into the load of a constant, in the shortest form.
pub(super) fn set_load(instruction: &mut Instruction, value: Constant, consts: &mut ConstantTable) {
    match small_int(&value) {
        Some(value) => instruction.set(Op::LoadSmallInt, value),
        None => instruction.set(Op::LoadConst, consts.add(value)),
    }
}

fn small_int(constant: &Constant) -> Option<u32> {
    match constant {
        Constant::Int(value) => {
            value.to_i64().filter(|value| (0..SMALL_INT_LIMIT).contains(value)).map(|value| value as u32)
        }
        _ => None,
    }
}
