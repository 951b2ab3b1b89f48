//! The code object from the finished graph: numbers, sizes, jump distances, tables.
//!
//! Mirrors CPython's `Python/assemble.c`. The only place that knows an instruction's number, its EXTENDED_ARGs and its
//! cache entries.

mod exception_table;
#[cfg(test)]
mod listing;
mod localsplus;
mod location_table;

use prepyc_bytecode::{CodeObject, StrId};
use prepyc_version::Features;

#[cfg(test)]
pub(crate) use listing::label_names;

use crate::cfg::{BasicBlockId, Cfg};
use crate::instruction_set::InstructionSet;
use crate::limits::{Limit, MAX_CODE_UNITS};
use crate::location::Location;
use crate::op::{ControlFlow, Op};
use crate::unit::CodeUnitMetadata;

/// An instruction on its way into a code object.
#[derive(Clone, Copy, Debug)]
struct Placed {
    op: Op,
    /// For a jump: where it leads first, as a place in the list; how far, at the end.
    oparg: u32,
    /// Where a jump leads, as a place in the list.
    target: Option<u32>,
    location: Location,
    handler: Option<Handler>,
    /// In code units, from the start of the code.
    offset: u32,
    /// In code units, EXTENDED_ARGs and cache entries included.
    size: u32,
}

impl Placed {
    /// Where the next instruction begins.
    fn end(&self) -> u32 {
        self.offset + self.size
    }
}

/// What the exception table says of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Handler {
    /// Its first instruction, as a place in the list.
    place: u32,
    /// Items that stay on the stack.
    depth: u32,
    preserves_lasti: bool,
}

/// The assembler; reused from one code object to the next, so that it keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    instructions: Vec<Placed>,
    /// By block: the place of its first instruction.
    places: Vec<u32>,
    code: Vec<u8>,
    table: Vec<u8>,
}

impl Assembler {
    /// Makes the code object.
    ///
    /// # Errors
    /// If the code is too large for CPython's tables.
    pub(crate) fn assemble(
        &mut self,
        cfg: &Cfg,
        unit: CodeUnitMetadata,
        stack_depth: u32,
        filename: StrId,
        features: &Features,
        set: &InstructionSet,
    ) -> Result<CodeObject, Limit> {
        self.place_instructions(cfg, set);
        self.resolve_next_locations();
        self.resolve_jumps(set)?;
        self.write_code(set);
        location_table::write(&self.instructions, unit.firstlineno, &mut self.table);
        let linetable = self.table[..].into();
        exception_table::write(&self.instructions, &mut self.table);
        let exceptiontable = self.table[..].into();
        let (localsplusnames, localspluskinds) = localsplus::of(&unit, features);
        Ok(CodeObject {
            argcount: unit.argcount + unit.posonlyargcount,
            posonlyargcount: unit.posonlyargcount,
            kwonlyargcount: unit.kwonlyargcount,
            stacksize: stack_depth.max(MIN_STACK_SIZE),
            flags: unit.flags.0,
            code: self.code[..].into(),
            consts: unit.consts.into_constants().into(),
            names: unit.names.as_slice().into(),
            localsplusnames,
            localspluskinds,
            filename,
            name: unit.name,
            qualname: unit.qualname,
            firstlineno: unit.firstlineno as i32,
            linetable,
            exceptiontable,
        })
    }

    /// Lists the instructions of all blocks in order, with jumps and handlers as places in that list.
    fn place_instructions(&mut self, cfg: &Cfg, set: &InstructionSet) {
        self.instructions.clear();
        self.places.clear();
        self.places.resize(cfg.len(), 0);
        let mut place = 0;
        for id in cfg.in_order() {
            self.places[id.index()] = place;
            place += cfg[id].instructions().len() as u32;
        }
        let places = &self.places;
        let place_of = |id: BasicBlockId| places[id.index()];
        for id in cfg.in_order() {
            for instruction in cfg[id].instructions() {
                let target = instruction.target.map(place_of);
                let op = directed(instruction.op, target, self.instructions.len() as u32);
                let oparg = target.unwrap_or(instruction.oparg);
                self.instructions.push(Placed {
                    op,
                    oparg,
                    target,
                    location: instruction.location,
                    handler: instruction.handler.map(|handler| Handler {
                        place: place_of(handler),
                        depth: cfg[handler].start_depth(),
                        preserves_lasti: cfg[handler].preserves_lasti(),
                    }),
                    offset: 0,
                    size: set.size_of(op, oparg),
                });
            }
        }
    }

    /// Gives the instructions that have the place of the next one that place.
    fn resolve_next_locations(&mut self) {
        let mut next = Location::NONE;
        for instruction in self.instructions.iter_mut().rev() {
            if instruction.location == Location::NEXT {
                let ends_block = instruction.target.is_some() || instruction.op.is_scope_exit();
                instruction.location = if ends_block { Location::NONE } else { next };
            }
            next = instruction.location;
        }
    }

    /// Works out offsets and how far jumps go.
    ///
    /// CPython: `resolve_jump_offsets` (`Python/assemble.c`, 3.13) begins with sizes by the targets' places and repeats
    /// until no size changes; where that settles depends on where it began.
    fn resolve_jumps(&mut self, set: &InstructionSet) -> Result<(), Limit> {
        loop {
            let mut offset = 0;
            for instruction in &mut self.instructions {
                instruction.offset = offset;
                offset += instruction.size;
            }
            if offset > MAX_CODE_UNITS {
                return Err(Limit::CodeUnits);
            }
            let mut changed = false;
            for index in 0..self.instructions.len() {
                let Some(target) = self.instructions[index].target else {
                    continue;
                };
                // Distances count from the end of the jump.
                let target = self.instructions[target as usize].offset;
                let jump = &mut self.instructions[index];
                jump.oparg = match jump.op {
                    Op::EndAsyncFor => jump.end() - target - END_SEND_OFFSET,
                    _ => jump.end().abs_diff(target),
                };
                let size = set.size_of(jump.op, jump.oparg);
                changed |= size != jump.size;
                jump.size = size;
            }
            if !changed {
                return Ok(());
            }
        }
    }

    fn write_code(&mut self, set: &InstructionSet) {
        self.code.clear();
        for instruction in &self.instructions {
            set.write(instruction.op, instruction.oparg, &mut self.code);
        }
    }
}

/// END_ASYNC_FOR (as a jump, from 3.14 on) is to lead to the END_SEND that stands this far behind its SEND.
///
/// CPython: `END_SEND_OFFSET` (`Python/assemble.c`, 3.14).
const END_SEND_OFFSET: u32 = 5;

/// CPython: `_PyCode_New` wants room for one item at least (`Objects/codeobject.c`, from 3.11 on).
const MIN_STACK_SIZE: u32 = 1;

/// The jump that goes in the right direction.
fn directed(op: Op, target: Option<u32>, place: u32) -> Op {
    let is_forward = target.is_some_and(|target| target > place);
    match op {
        Op::Jump | Op::JumpNoInterrupt if is_forward => Op::JumpForward,
        Op::Jump => Op::JumpBackward,
        Op::JumpNoInterrupt => Op::JumpBackwardNoInterrupt,
        other => other,
    }
}
