//! What stands before a code object's own code, where its variables stand, and the end of the pseudo-instructions.
//!
//! Mirrors `prepare_localsplus`, `convert_pseudo_conditional_jumps` and `convert_pseudo_ops` (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{Cfg, Instruction};
use crate::location::Location;
use crate::op::{ControlFlow, Op};
use crate::unit::CodeUnitMetadata;

/// Lists for each cell and free variable, in the order instructions name them, its slot among all variables.
///
/// Locals come first, then cells, then free variables; a parameter that is a cell as well keeps the parameter's slot,
/// and the slots after it move up.
fn list_cell_slots(unit: &CodeUnitMetadata, slots: &mut Vec<u32>) {
    let mut dropped = 0;
    let first = unit.varnames.len() as u32;
    let cells = unit.cellvars.as_slice().iter().map(|&name| unit.varnames.find(name));
    let all = cells.chain(unit.freevars.as_slice().iter().map(|_| None));
    slots.clear();
    slots.extend(all.enumerate().map(|(index, parameter)| {
        parameter.inspect(|_| dropped += 1).unwrap_or_else(|| first + index as u32 - dropped)
    }));
}

impl Cfg {
    /// Inserts the instructions that make cells, closures and generators, and gives variables their slots.
    #[inline(never)]
    pub(super) fn prepare_localsplus(&mut self, unit: &CodeUnitMetadata) {
        if unit.cellvars.is_empty() && unit.freevars.is_empty() && !unit.is_generator() {
            return;
        }
        let mut slots = std::mem::take(&mut self.cell_slots);
        list_cell_slots(unit, &mut slots);
        self.place_cells(&slots);
        self.insert_prefix(unit, &slots);
        self.cell_slots = slots;
    }

    /// Gives cells and free variables their slots.
    fn place_cells(&mut self, slots: &[u32]) {
        if slots.is_empty() {
            return;
        }
        for block in self.blocks_with(Contents::CELL) {
            for instruction in block.instructions_mut() {
                if matches!(
                    instruction.op,
                    Op::MakeCell
                        | Op::LoadClosure
                        | Op::LoadDeref
                        | Op::StoreDeref
                        | Op::DeleteDeref
                        | Op::LoadClassderef
                        | Op::LoadFromDictOrDeref
                ) {
                    instruction.oparg = slots[instruction.oparg as usize];
                }
            }
        }
    }

    /// Inserts COPY_FREE_VARS, then a MAKE_CELL for each cell by slot, then what makes a call a generator.
    fn insert_prefix(&mut self, unit: &CodeUnitMetadata, slots: &[u32]) {
        let entry = self.entry();
        let block = &mut self[entry];
        let body = block.used();
        if !unit.freevars.is_empty() {
            block.push_whole(Instruction::new(Op::CopyFreeVars, unit.freevars.len() as u32, Location::NONE));
        }
        let first_cell = block.used();
        for &slot in &slots[..unit.cellvars.len()] {
            block.push_whole(Instruction::new(Op::MakeCell, slot, Location::NONE));
        }
        block.instructions_mut()[first_cell..].sort_unstable_by_key(|cell| cell.oparg);
        if unit.is_generator() {
            let place = Location::line_only(unit.firstlineno);
            block.push_whole(Instruction::new(Op::ReturnGenerator, 0, place));
            block.push_whole(Instruction::new(Op::PopTop, 0, place));
        }
        // What was written behind the code stands before it.
        block.instructions_mut().rotate_left(body);
    }

    /// Spells out JUMP_IF_FALSE and JUMP_IF_TRUE, which leave on the stack what they test (3.14 on).
    #[inline(never)]
    pub(super) fn convert_pseudo_conditional_jumps(&mut self) {
        if !self.could_have(Contents::SHORT_CIRCUIT) {
            return;
        }
        for block in self.blocks_with(Contents::SHORT_CIRCUIT) {
            let Some(&last) = block.last() else {
                continue;
            };
            let index = block.used() - 1;
            match last.op {
                Op::JumpIfFalse => block.set_op(index, Op::PopJumpIfFalse),
                Op::JumpIfTrue => block.set_op(index, Op::PopJumpIfTrue),
                _ => continue,
            }
            // They are under the jump's handler (CPython 3.14.10; not yet so in 3.14.0).
            let jump = Instruction { target: None, ..last };
            block.insert(index, Instruction { op: Op::Copy, oparg: 1, ..jump });
            block.insert(index + 1, Instruction { op: Op::ToBool, oparg: 0, ..jump });
        }
    }

    /// Turns the other pseudo-instructions into what they stand for, or into nothing.
    #[inline(never)]
    pub(super) fn convert_pseudo_instructions(&mut self) {
        if self.could_have(Contents::PSEUDO) {
            self.convert_others();
        }
        self.remove_redundant_nops_and_jumps();
    }

    fn convert_others(&mut self) {
        for block in self.blocks_with(Contents::PSEUDO) {
            for index in 0..block.used() {
                match block.slots[index].op {
                    op if op.is_block_push() => block.set_nop(index),
                    Op::LoadClosure => block.set_op(index, Op::LoadFast),
                    Op::StoreFastMaybeNull => block.set_op(index, Op::StoreFast),
                    _ => {}
                }
            }
        }
    }
}
