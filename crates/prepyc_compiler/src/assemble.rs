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

use crate::cfg::{BasicBlockId, Cfg};
use crate::instruction_set::InstructionSet;
use crate::limits::{Limit, MAX_CODE_UNITS};
use crate::location::Location;
use crate::op::Op;
use crate::unit::CodeUnitMetadata;
use location_table::LocationRuns;

/// A block on its way into a code object.
#[derive(Clone, Copy, Debug)]
struct PlacedBlock {
    id: BasicBlockId,
    /// In code units, without the jump.
    size: u32,
    /// There is no more than one, and nothing but a NOT_TAKEN behind it.
    jump: Option<Jump>,
}

/// A jump on its way into a code object.
#[derive(Clone, Copy, Debug)]
struct Jump {
    /// The one that goes in the right direction.
    op: Op,
    /// Where it leads first, as a place in the list of all instructions; how far, at the end.
    oparg: u32,
    /// In code units, EXTENDED_ARGs and cache entries included.
    size: u32,
    /// In code units, of what stands before it in the block.
    before: u32,
    target: BasicBlockId,
}

/// The elements, shared; there is one empty list for all.
fn shared<T: Copy>(elements: &[T]) -> Arc<[T]> {
    if elements.is_empty() { Arc::default() } else { elements.into() }
}

/// The assembler; reused from one code object to the next, so that it keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// In the order of the code.
    blocks: Vec<PlacedBlock>,
    /// By block: the place of its first instruction in the list of all.
    places: Vec<u32>,
    /// By block: where it begins, in code units from the start of the code.
    offsets: Vec<u32>,
    code: Vec<u8>,
    table: Vec<u8>,
    localsplus: localsplus::Slots,
}

impl Assembler {
    /// Makes the code object.
    ///
    /// # Errors
    /// If the code is too large for CPython's tables.
    pub(crate) fn assemble(
        &mut self,
        cfg: &mut Cfg,
        unit: &mut CodeUnitMetadata,
        stack_depth: u32,
        filename: StrId,
        features: &Features,
        set: &InstructionSet,
    ) -> Result<CodeObject, Limit> {
        self.list_blocks(cfg);
        if cfg.may_have_next_locations() {
            self.resolve_next_locations(cfg);
        }
        self.place_instructions(cfg, set);
        let size = self.resolve_jumps(set)?;
        self.write_code_and_locations(cfg, set, size, unit.firstlineno);
        let linetable = self.table[..].into();
        self.write_exception_table(cfg, set);
        let exceptiontable = shared(&self.table);
        let (localsplusnames, localspluskinds) = self.localsplus.of(unit, features);
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

    /// Lists the blocks in order, and where each stands among all instructions.
    fn list_blocks(&mut self, cfg: &Cfg) {
        self.blocks.clear();
        self.places.clear();
        self.places.resize(cfg.len(), 0);
        let mut place = 0;
        for id in cfg.in_order() {
            self.blocks.push(PlacedBlock { id, size: 0, jump: None });
            self.places[id.index()] = place;
            place += cfg[id].instructions().len() as u32;
        }
    }

    /// Gives the instructions that have the place of the next one that place.
    fn resolve_next_locations(&mut self, cfg: &mut Cfg) {
        let mut next = Location::NONE;
        for block in self.blocks.iter().rev() {
            next = cfg.resolve_next_locations(block.id, next);
        }
    }

    /// Notes the sizes of blocks and which jumps there are.
    fn place_instructions(&mut self, cfg: &Cfg, set: &InstructionSet) {
        for block in &mut self.blocks {
            let (mut size, mut jump) = (0, None);
            for (index, instruction) in cfg[block.id].instructions().iter().enumerate() {
                match instruction.target {
                    None => size += set.size_of(instruction.op, instruction.oparg),
                    Some(target) => jump = Some((index, size, target)),
                }
            }
            block.size = size;
            block.jump = jump.map(|(index, before, target)| {
                let instruction = cfg[block.id].instructions()[index];
                let place = self.places[block.id.index()] + index as u32;
                let oparg = self.places[target.index()];
                let op = directed(instruction.op, place, oparg);
                Jump { op, oparg, size: set.size_of(op, oparg), before, target }
            });
        }
    }

    /// Works out offsets and how far jumps go; gives the size of the code in code units.
    ///
    /// CPython: `resolve_jump_offsets` (`Python/assemble.c`, 3.13) begins with sizes by the targets' places and repeats
    /// until no size changes; where that settles depends on where it began.
    fn resolve_jumps(&mut self, set: &InstructionSet) -> Result<u32, Limit> {
        self.offsets.clear();
        self.offsets.resize(self.places.len(), 0);
        loop {
            let mut offset = 0;
            for block in &self.blocks {
                self.offsets[block.id.index()] = offset;
                offset += block.size + block.jump.map_or(0, |jump| jump.size);
            }
            if offset > MAX_CODE_UNITS {
                return Err(Limit::CodeUnits);
            }
            let mut changed = false;
            for block in &mut self.blocks {
                let Some(jump) = &mut block.jump else {
                    continue;
                };
                // Distances count from the end of the jump.
                let end = self.offsets[block.id.index()] + jump.before + jump.size;
                let target = self.offsets[jump.target.index()];
                jump.oparg = match jump.op {
                    Op::EndAsyncFor => end - target - END_SEND_OFFSET,
                    _ => end.abs_diff(target),
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

    /// Writes the code, of that many code units, and the location table over what `table` holds.
    fn write_code_and_locations(&mut self, cfg: &Cfg, set: &InstructionSet, size: u32, firstlineno: u32) {
        self.code.clear();
        self.code.resize(2 * size as usize, 0);
        let mut rest = &mut self.code[..];
        let mut locations = LocationRuns::begin(std::mem::take(&mut self.table), firstlineno);
        for block in &self.blocks {
            for instruction in cfg[block.id].instructions() {
                let (op, oparg) = match (instruction.target, &block.jump) {
                    (Some(_), Some(jump)) => (jump.op, jump.oparg),
                    _ => (instruction.op, instruction.oparg),
                };
                let units = set.write(op, oparg, rest);
                rest = &mut rest[2 * units as usize..];
                locations.push(units, instruction.location);
            }
        }
        self.table = locations.finish();
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
