//! The code object from the finished graph: numbers, sizes, jump distances, tables.
//!
//! Mirrors CPython's `Python/assemble.c`. The only place that knows an instruction's number, its EXTENDED_ARGs and its
//! cache entries.

mod exception_table;
#[cfg(test)]
mod listing;
mod localsplus;
mod location_table;

use prepyc_bytecode::{CodeObject, StrId, Strings};
use prepyc_version::Features;

#[cfg(test)]
pub(crate) use listing::label_names;

use crate::cfg::{BasicBlockId, Cfg};
use crate::instruction_set::{InstructionSet, ROOM};
use crate::limits::{Limit, MAX_CODE_UNITS};
use crate::location::Location;
use crate::op::Op;
use crate::unit::CodeUnitMetadata;
use exception_table::HandlerTurn;
use location_table::{LocationRuns, Places};

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

/// What a code object is for, and where its parts go.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) features: &'a Features,
    pub(crate) set: &'a InstructionSet,
    pub(crate) strings: &'a mut Strings,
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
    /// Where the code turns to another handler.
    turns: Vec<HandlerTurn>,
    /// The code, and behind it room for more.
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
        target: Target<'_>,
    ) -> Result<CodeObject, Limit> {
        let Target { features, set, strings } = target;
        let size = self.write_instructions(cfg, set, unit.firstlineno)?;
        let code = strings.intern_bytes(&self.code[..2 * size as usize]);
        let linetable = strings.intern_bytes(&self.table);
        self.write_exception_table(cfg, size);
        let exceptiontable = strings.intern_bytes(&self.table);
        let (localsplusnames, localspluskinds) = self.localsplus.of(unit, features, strings);
        Ok(CodeObject {
            argcount: unit.argcount + unit.posonlyargcount,
            posonlyargcount: unit.posonlyargcount,
            kwonlyargcount: unit.kwonlyargcount,
            stacksize: stack_depth.max(MIN_STACK_SIZE),
            flags: unit.flags.0,
            code,
            consts: unit.consts.take(),
            names: strings.intern_names(unit.names.as_slice()),
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

    /// Writes the code, the location table (over what `table` holds) and what is needed for that of exceptions; gives
    /// the size of the code in code units.
    ///
    /// Most code needs one walk over its instructions: all jumps are taken to be short, and how far they go is filled
    /// in at the end.
    fn write_instructions(
        &mut self,
        cfg: &mut Cfg,
        set: &InstructionSet,
        firstlineno: u32,
    ) -> Result<u32, Limit> {
        self.list_blocks(cfg);
        let places = self.walk_instructions(cfg, set, firstlineno);
        let size = self.resolve_jumps(set)?;
        let is_extended = |block: &PlacedBlock| block.jump.is_some_and(|jump| jump.oparg > 0xFF);
        if places == Places::SomeAreNext {
            self.resolve_next_locations(cfg);
        } else if !self.blocks.iter().any(is_extended) {
            self.fill_in_jumps();
            return Ok(size);
        }
        self.walk_instructions(cfg, set, firstlineno);
        Ok(size)
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
        let room = place as usize * ROOM;
        if self.code.len() < room {
            self.code.resize(room, 0);
        }
    }

    /// Writes instructions and their locations, and notes the sizes of blocks, which jumps there are and where handlers
    /// change. A jump that was noted before goes as far as is known.
    fn walk_instructions(&mut self, cfg: &Cfg, set: &InstructionSet, firstlineno: u32) -> Places {
        self.turns.clear();
        let mut handler = None;
        let mut offset = 0;
        let mut locations = LocationRuns::begin(std::mem::take(&mut self.table), firstlineno);
        for block in &mut self.blocks {
            let start = offset;
            for instruction in cfg[block.id].instructions() {
                let (mut op, mut oparg) = (instruction.op, instruction.oparg);
                if let Some(target) = instruction.target {
                    let jump = block.jump.get_or_insert_with(|| {
                        let op = directed(op, self.places[block.id.index()], self.places[target.index()]);
                        Jump { op, oparg: 0, size: set.size_of(op, 0), before: offset - start, target }
                    });
                    (op, oparg) = (jump.op, jump.oparg);
                }
                if instruction.handler != handler {
                    handler = instruction.handler;
                    self.turns.push(HandlerTurn { offset, handler });
                }
                let units = set.write(op, oparg, &mut self.code[2 * offset as usize..]);
                locations.push(units, instruction.location);
                offset += units;
            }
            block.size = offset - start - block.jump.map_or(0, |jump| jump.size);
        }
        let places;
        (self.table, places) = locations.finish();
        places
    }

    /// Gives the instructions that have the place of the next one that place.
    fn resolve_next_locations(&mut self, cfg: &mut Cfg) {
        let mut next = Location::NONE;
        for block in self.blocks.iter().rev() {
            next = cfg.resolve_next_locations(block.id, next);
        }
    }

    /// Works out offsets and how far jumps go; gives the size of the code in code units.
    ///
    /// CPython: `resolve_jump_offsets` (`Python/assemble.c`, 3.13) begins with sizes by the targets' places and repeats
    /// until no size changes; where that settles depends on where it began. Within code this short no jump can need an
    /// EXTENDED_ARG.
    fn resolve_jumps(&mut self, set: &InstructionSet) -> Result<u32, Limit> {
        let size_of = |block: &PlacedBlock| block.size + block.jump.map_or(0, |jump| jump.size);
        if self.blocks.iter().map(size_of).sum::<u32>() > 0xFF {
            for jump in self.blocks.iter_mut().filter_map(|block| block.jump.as_mut()) {
                jump.oparg = self.places[jump.target.index()];
                jump.size = set.size_of(jump.op, jump.oparg);
            }
        }
        self.offsets.clear();
        self.offsets.resize(self.places.len(), 0);
        loop {
            let mut offset = 0;
            for block in &self.blocks {
                self.offsets[block.id.index()] = offset;
                offset += size_of(block);
            }
            if offset > MAX_CODE_UNITS {
                return Err(Limit::CodeUnits);
            }
            if !self.aim_jumps(set) {
                return Ok(offset);
            }
        }
    }

    /// Works out how far jumps go, and what size that gives them; says whether one is not as large as it was.
    fn aim_jumps(&mut self, set: &InstructionSet) -> bool {
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
        changed
    }

    /// Writes how far jumps go into code that was written for short ones.
    fn fill_in_jumps(&mut self) {
        for block in &self.blocks {
            if let Some(jump) = block.jump {
                let offset = self.offsets[block.id.index()] + jump.before;
                self.code[2 * offset as usize + 1] = jump.oparg as u8;
            }
        }
    }
}

/// END_ASYNC_FOR (as a jump, from 3.14 on) is to lead to the END_SEND that stands this far behind its SEND.
///
/// CPython: `END_SEND_OFFSET` (`Python/assemble.c`, 3.14).
const END_SEND_OFFSET: u32 = 5;

/// CPython: `_PyCode_New` wants room for one item at least (`Objects/codeobject.c`, from 3.11 on).
const MIN_STACK_SIZE: u32 = 1;

/// The jump that goes in the right direction, from a block that begins at one place to one at another.
fn directed(op: Op, place: u32, target: u32) -> Op {
    match op {
        Op::Jump | Op::JumpNoInterrupt if target > place => Op::JumpForward,
        Op::Jump => Op::JumpBackward,
        Op::JumpNoInterrupt => Op::JumpBackwardNoInterrupt,
        other => other,
    }
}
