//! The code object from the finished graph: numbers, sizes, jump distances, tables.
//!
//! Mirrors CPython's `Python/assemble.c`. The only place that knows an instruction's number, its EXTENDED_ARGs and its
//! cache entries.

mod exception_table;
#[cfg(test)]
mod listing;
mod localsplus;
mod location_table;

use std::sync::Arc;

use prepyc_bytecode::{CodeObject, StrId};
use prepyc_version::Features;

#[cfg(test)]
pub(crate) use listing::label_names;

use crate::cfg::Cfg;
use crate::instruction_set::InstructionSet;
use crate::limits::{Limit, MAX_CODE_UNITS};
use crate::location::Location;
use crate::op::{ControlFlow, Op};
use crate::unit::CodeUnitMetadata;

/// An instruction on its way into a code object.
#[derive(Clone, Copy, Debug)]
struct Placed {
    /// For a jump: where it leads first, as a place in the list; how far, at the end.
    oparg: u32,
    /// In code units, from the start of the code.
    offset: u32,
    op: Op,
    /// In code units, EXTENDED_ARGs and cache entries included.
    size: u8,
}

impl Placed {
    /// Where the next instruction begins.
    fn end(&self) -> u32 {
        self.offset + u32::from(self.size)
    }
}

/// A jump: its place in the list, and that of where it leads.
#[derive(Clone, Copy, Debug)]
struct Jump {
    place: u32,
    target: u32,
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

/// The elements, shared; there is one empty list for all.
fn shared<T: Copy>(elements: &[T]) -> Arc<[T]> {
    if elements.is_empty() { Arc::default() } else { elements.into() }
}

/// The assembler; reused from one code object to the next, so that it keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    instructions: Vec<Placed>,
    /// By instruction.
    locations: Vec<Location>,
    /// By instruction; empty where the code object has no handlers.
    handlers: Vec<Option<Handler>>,
    /// In the order of the instructions.
    jumps: Vec<Jump>,
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
        unit: &mut CodeUnitMetadata,
        stack_depth: u32,
        filename: StrId,
        features: &Features,
        set: &InstructionSet,
    ) -> Result<CodeObject, Limit> {
        self.place_instructions(cfg, set);
        self.resolve_next_locations();
        let size = self.resolve_jumps(set)?;
        self.write_code(set, size);
        self.write_location_table(unit.firstlineno);
        let linetable = self.table[..].into();
        self.write_exception_table();
        let exceptiontable = shared(&self.table);
        let (localsplusnames, localspluskinds) = localsplus::of(unit, features);
        Ok(CodeObject {
            argcount: unit.argcount + unit.posonlyargcount,
            posonlyargcount: unit.posonlyargcount,
            kwonlyargcount: unit.kwonlyargcount,
            stacksize: stack_depth.max(MIN_STACK_SIZE),
            flags: unit.flags.0,
            code: self.code[..].into(),
            consts: unit.consts.take(),
            names: shared(unit.names.as_slice()),
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
        self.locations.clear();
        self.handlers.clear();
        self.jumps.clear();
        self.places.clear();
        self.places.resize(cfg.len(), 0);
        let mut place = 0;
        for id in cfg.in_order() {
            self.places[id.index()] = place;
            place += cfg[id].instructions().len() as u32;
        }
        let (places, jumps) = (&self.places, &mut self.jumps);
        for id in cfg.in_order() {
            let instructions = cfg[id].instructions();
            let first = self.instructions.len();
            self.instructions.extend(instructions.iter().enumerate().map(|(index, instruction)| {
                let (mut op, mut oparg) = (instruction.op, instruction.oparg);
                if let Some(target) = instruction.target {
                    let (place, target) = ((first + index) as u32, places[target.index()]);
                    jumps.push(Jump { place, target });
                    (op, oparg) = (directed(op, place, target), target);
                }
                Placed { oparg, offset: 0, op, size: set.size_of(op, oparg) }
            }));
            self.locations.extend(instructions.iter().map(|instruction| instruction.location));
            if cfg.has_handlers() {
                self.handlers.extend(instructions.iter().map(|instruction| {
                    instruction.handler.map(|handler| Handler {
                        place: places[handler.index()],
                        depth: cfg[handler].start_depth(),
                        preserves_lasti: cfg[handler].preserves_lasti(),
                    })
                }));
            }
        }
    }

    /// Gives the instructions that have the place of the next one that place.
    fn resolve_next_locations(&mut self) {
        if !self.locations.contains(&Location::NEXT) {
            return;
        }
        let mut next = Location::NONE;
        for place in (0..self.instructions.len()).rev() {
            if self.locations[place] == Location::NEXT {
                let ends_block =
                    self.instructions[place].op.is_scope_exit() || self.target_of(place as u32).is_some();
                self.locations[place] = if ends_block { Location::NONE } else { next };
            }
            next = self.locations[place];
        }
    }

    /// Where the instruction at a place jumps.
    fn target_of(&self, place: u32) -> Option<u32> {
        let found = self.jumps.binary_search_by_key(&place, |jump| jump.place).ok();
        found.map(|index| self.jumps[index].target)
    }

    /// Works out offsets and how far jumps go; gives the size of the code in code units.
    ///
    /// CPython: `resolve_jump_offsets` (`Python/assemble.c`, 3.13) begins with sizes by the targets' places and repeats
    /// until no size changes; where that settles depends on where it began.
    fn resolve_jumps(&mut self, set: &InstructionSet) -> Result<u32, Limit> {
        loop {
            let mut offset = 0;
            for instruction in &mut self.instructions {
                instruction.offset = offset;
                offset += u32::from(instruction.size);
            }
            if offset > MAX_CODE_UNITS {
                return Err(Limit::CodeUnits);
            }
            let mut changed = false;
            for jump in &self.jumps {
                // Distances count from the end of the jump.
                let target = self.instructions[jump.target as usize].offset;
                let jump = &mut self.instructions[jump.place as usize];
                jump.oparg = match jump.op {
                    Op::EndAsyncFor => jump.end() - target - END_SEND_OFFSET,
                    _ => jump.end().abs_diff(target),
                };
                let size = set.size_of(jump.op, jump.oparg);
                changed |= size != jump.size;
                jump.size = size;
            }
            if !changed {
                return Ok(offset);
            }
        }
    }

    /// Writes the code, of that many code units.
    fn write_code(&mut self, set: &InstructionSet, size: u32) {
        self.code.clear();
        self.code.resize(2 * size as usize, 0);
        let mut rest = &mut self.code[..];
        for instruction in &self.instructions {
            let (units, behind) = rest.split_at_mut(2 * usize::from(instruction.size));
            set.write(instruction.op, instruction.oparg, units);
            rest = behind;
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
fn directed(op: Op, place: u32, target: u32) -> Op {
    match op {
        Op::Jump | Op::JumpNoInterrupt if target > place => Op::JumpForward,
        Op::Jump => Op::JumpBackward,
        Op::JumpNoInterrupt => Op::JumpBackwardNoInterrupt,
        other => other,
    }
}
