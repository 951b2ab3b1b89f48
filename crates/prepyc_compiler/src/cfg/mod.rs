//! The control-flow graph: basic blocks of logical instructions, and the passes over them.
//!
//! Mirrors CPython's `Python/flowgraph.c`. The order of the passes is data ([`pipeline`]); each pass is a file here.
//! No pass knows sizes, offsets or numbers of instructions: those begin in `assemble`.

mod borrow;
mod build;
mod cold;
mod constants;
mod contents;
mod exceptions;
mod jumps;
mod lines;
mod locals;
mod peephole;
pub(crate) mod pipeline;
mod prologue;
mod reachability;
mod redundancy;
mod sequences;
mod stack_depth;
mod superinstructions;
mod swaps;

use std::num::NonZeroU32;

use crate::location::Location;
use crate::op::{ControlFlow, Op};
pub(crate) use contents::Contents;

/// A basic block of one [`Cfg`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BasicBlockId(NonZeroU32);

impl BasicBlockId {
    pub(crate) fn new(index: usize) -> BasicBlockId {
        BasicBlockId(NonZeroU32::MIN.saturating_add(index as u32))
    }

    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// An instruction within a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    pub(crate) oparg: u32,
    pub(crate) location: Location,
    /// Where it jumps, or the handler it announces.
    pub(crate) target: Option<BasicBlockId>,
    /// Where control goes if it raises.
    pub(crate) handler: Option<BasicBlockId>,
}

impl Instruction {
    pub(crate) fn new(op: Op, oparg: u32, location: Location) -> Instruction {
        Instruction { op, oparg, location, target: None, handler: None }
    }

    /// Whether it jumps; announcing a handler is no jump.
    pub(crate) fn is_jump(&self) -> bool {
        self.target.is_some() && !self.op.is_block_push()
    }

    /// Turns it into a NOP of the same place.
    fn set_nop(&mut self) {
        self.set(Op::Nop, 0);
    }

    /// Turns it into an instruction that does not jump.
    fn set(&mut self, op: Op, oparg: u32) {
        self.op = op;
        self.oparg = oparg;
        self.target = None;
    }
}

/// How many items are on the value stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Depth(NonZeroU32);

impl Depth {
    fn of(items: u32) -> Depth {
        Depth(NonZeroU32::MIN.saturating_add(items))
    }

    fn items(self) -> u32 {
        self.0.get() - 1
    }
}

/// Instructions that are executed one after the other, and what the passes know of them. A line of the processor's cache:
/// each pass looks at each block.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct BasicBlock {
    /// The block's instructions, and past `used` the remains of removed ones.
    slots: Vec<Instruction>,
    /// How many of the slots are the block's.
    used: u32,
    /// What may be among them.
    contents: Contents,
    /// The block after it in the code, and in control flow unless the last instruction says otherwise.
    next: Option<BasicBlockId>,
    /// Whether a jump or a `SETUP_…` names it, or did when code generation ended, or a pass gave it a label since.
    is_labelled: bool,
    /// How many ways lead to it. Counted by `remove_unreachable_blocks`, kept up by the passes that make copies.
    predecessors: i32,
    /// Items on the value stack where it begins.
    start_depth: Option<Depth>,
    /// A `SETUP_…` announces it.
    is_except_handler: bool,
    /// As a handler it gets the offset of the instruction that raised.
    preserves_lasti: bool,
    is_cold: bool,
    is_warm: bool,
    is_visited: bool,
    /// By number below 64: locals that may be unbound where it begins.
    unsafe_locals: u64,
    /// The handlers in force where it begins, while they are being worked out.
    handlers: exceptions::HandlerStack,
}

impl BasicBlock {
    /// The instructions.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.slots[..self.used()]
    }

    /// Items on the value stack where it begins; known once the stack depth is.
    pub(crate) fn start_depth(&self) -> u32 {
        self.start_depth.expect("the stack depth has been worked out").items()
    }

    /// Whether it gets, as a handler, the offset of the instruction that raised.
    pub(crate) fn preserves_lasti(&self) -> bool {
        self.preserves_lasti
    }

    /// How many instructions it has.
    fn used(&self) -> usize {
        self.used as usize
    }

    fn instructions_mut(&mut self) -> &mut [Instruction] {
        &mut self.slots[..self.used as usize]
    }

    fn is_empty(&self) -> bool {
        self.used == 0
    }

    fn last(&self) -> Option<&Instruction> {
        self.instructions().last()
    }

    fn last_mut(&mut self) -> Option<&mut Instruction> {
        self.instructions_mut().last_mut()
    }

    /// Appends an instruction that has its handler already, or none.
    fn push_whole(&mut self, instruction: Instruction) {
        self.contents.insert(Contents::of(&instruction));
        let place = self.used();
        if place < self.slots.len() {
            self.slots[place] = instruction;
        } else {
            self.slots.push(instruction);
        }
        self.used += 1;
    }

    /// Appends an instruction.
    ///
    /// CPython: `basicblock_addop` (`Python/flowgraph.c`, 3.14) leaves the handler as it is in the array, which is that
    /// of whatever stood there before a pass shortened the block. It shows in exception tables, so it is kept.
    fn push(&mut self, mut instruction: Instruction) {
        instruction.handler = self.slots.get(self.used()).and_then(|stale| stale.handler);
        self.push_whole(instruction);
    }

    fn insert(&mut self, index: usize, instruction: Instruction) {
        self.push_whole(instruction);
        self.instructions_mut()[index..].rotate_right(1);
    }

    fn truncate(&mut self, length: usize) {
        self.used = length as u32;
    }

    /// Turns an instruction into another that does not jump.
    fn set(&mut self, index: usize, op: Op, oparg: u32) {
        self.contents.insert(Contents::of_op(op).and(Contents::left_by(self.slots[index].op)));
        self.slots[index].set(op, oparg);
    }

    /// Turns an instruction into a NOP of the same place.
    fn set_nop(&mut self, index: usize) {
        self.set(index, Op::Nop, 0);
    }

    /// Turns an instruction into another with the same oparg and target.
    fn set_op(&mut self, index: usize, op: Op) {
        self.contents.insert(Contents::of_op(op));
        self.slots[index].op = op;
    }

    /// Gives a place, or none, to the first instruction.
    fn place_first(&mut self, location: Location) {
        self.slots[0].location = location;
        self.contents.insert(Contents::of(&self.slots[0]));
    }

    /// Turns the last instruction, if there is one, into a NOP.
    fn set_last_nop(&mut self) {
        if let Some(last) = self.used().checked_sub(1) {
            self.set_nop(last);
        }
    }

    /// Whether its last instruction leaves the code object.
    fn exits_scope(&self) -> bool {
        self.last().is_some_and(|last| last.op.is_scope_exit())
    }

    /// Whether control can go on to the next block.
    fn has_fallthrough(&self) -> bool {
        self.last().is_none_or(|last| last.op.goes_on())
    }

    fn has_no_line(&self) -> bool {
        self.instructions().iter().all(|instruction| !instruction.location.has_line())
    }

    fn has_eval_break(&self) -> bool {
        self.instructions().iter().any(|instruction| instruction.op.has_eval_break())
    }

    /// Makes it as new, keeping its memory.
    fn reset(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.clear();
        *self = BasicBlock { slots, ..BasicBlock::default() };
    }
}

const _: () = assert!(size_of::<BasicBlock>() == 64);

/// The basic blocks of one code object. Reused from one to the next: blocks keep their memory.
#[derive(Debug, Default)]
pub(crate) struct Cfg {
    blocks: Vec<BasicBlock>,
    /// How many of `blocks` belong to the code object at hand.
    in_use: usize,
    /// Scratch of the passes that walk the graph; empty between them.
    pending: Vec<BasicBlockId>,
    /// What may have been among the instructions when code generation ended.
    generated: Contents,
    /// Whether there is a SETUP in the code object, and so a handler.
    has_handlers: bool,
    /// Whether a pass may have changed what leads where since `remove_unreachable_blocks`.
    edges_changed: bool,
    /// Whether a block that loaded a constant was emptied, or left out from the start.
    emptied_constants: bool,
    /// Scratch of `remove_unused_constants`.
    constant_places: Vec<u32>,
    /// Scratch of `prepare_localsplus`: the slots of cells and free variables.
    cell_slots: Vec<u32>,
    /// The frames that handler stacks are made of.
    handler_frames: Vec<exceptions::HandlerFrame>,
    /// Scratch of `borrow_locals`.
    tracker: borrow::Tracker,
}

impl std::ops::Index<BasicBlockId> for Cfg {
    type Output = BasicBlock;

    fn index(&self, id: BasicBlockId) -> &BasicBlock {
        &self.blocks[id.index()]
    }
}

impl std::ops::IndexMut<BasicBlockId> for Cfg {
    fn index_mut(&mut self, id: BasicBlockId) -> &mut BasicBlock {
        &mut self.blocks[id.index()]
    }
}

impl Cfg {
    /// How many blocks there are, those in no order any more included.
    pub(crate) fn len(&self) -> usize {
        self.in_use
    }

    /// Whether the code object has exception handlers, reachable or not.
    pub(crate) fn has_handlers(&self) -> bool {
        self.has_handlers
    }

    /// Where control begins.
    pub(crate) fn entry(&self) -> BasicBlockId {
        BasicBlockId::new(0)
    }

    /// The block after `id` in the code.
    pub(crate) fn next(&self, id: BasicBlockId) -> Option<BasicBlockId> {
        self[id].next
    }

    /// All blocks, those in no order any more included.
    fn block_ids(&self) -> impl Iterator<Item = BasicBlockId> + use<> {
        (0..self.in_use).map(BasicBlockId::new)
    }

    /// The blocks in the order of the code.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = BasicBlockId> {
        std::iter::successors(Some(self.entry()), |&id| self.next(id))
    }

    fn new_block(&mut self) -> BasicBlockId {
        if self.in_use == self.blocks.len() {
            self.blocks.push(BasicBlock::default());
        } else {
            self.blocks[self.in_use].reset();
        }
        self.in_use += 1;
        BasicBlockId::new(self.in_use - 1)
    }

    /// A new block with the instructions of another.
    fn copy_block(&mut self, id: BasicBlockId) -> BasicBlockId {
        self.edges_changed = true;
        let copy = self.new_block();
        self.append_block(copy, id);
        copy
    }

    /// Appends the instructions of `from` to those of `to`.
    fn append_block(&mut self, to: BasicBlockId, from: BasicBlockId) {
        for index in 0..self[from].used() {
            let instruction = self[from].slots[index];
            self[to].push_whole(instruction);
        }
    }

    /// The first block at or after `id` that has instructions.
    fn next_nonempty(&self, id: Option<BasicBlockId>) -> Option<BasicBlockId> {
        let mut at = id;
        while let Some(block) = at {
            if !self[block].is_empty() {
                return Some(block);
            }
            at = self[block].next;
        }
        None
    }

    fn clear_visited(&mut self) {
        for block in &mut self.blocks[..self.in_use] {
            block.is_visited = false;
        }
    }

    /// Runs over the blocks in the order of the code; what `visit` does may change that order after the block at hand.
    fn for_each_block(&mut self, mut visit: impl FnMut(&mut Cfg, BasicBlockId)) {
        let mut at = Some(self.entry());
        while let Some(id) = at {
            visit(self, id);
            at = self[id].next;
        }
    }
}
