//! Which loads of locals may borrow their reference from the frame.
//!
//! Mirrors `optimize_load_fast` (`Python/flowgraph.c`, from 3.14 on). Within each block the value stack is followed by
//! who put what there. A load may borrow if what it loaded is consumed within the block, before its local is rebound,
//! and is not stored into a local.

use std::hint::select_unpredictable;

use prepyc_version::ExtraItemsCredited;

use super::contents::Contents;
use super::pipeline::PassContext;
use super::{BasicBlock, BasicBlockId, Cfg, Depth, Instruction};
use crate::op::Op;
use crate::stack::StackEffect;

/// An item of the value stack.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// The instruction that put it there, as a place in its block, or [`NOBODY`].
    pusher: u32,
    /// The local it was loaded from, or [`NO_LOCAL`].
    local: u32,
}

const NOBODY: u32 = u32::MAX;
const NO_LOCAL: u32 = u32::MAX;
const UNKNOWN: Item = Item { pusher: NOBODY, local: NO_LOCAL };

/// The value stack within one block.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    /// The items, and past `depth` room for all that the code object ever has there, and a little more.
    items: Vec<Item>,
    depth: usize,
}

/// So many items can be written past the deepest stack.
const ROOM: usize = 2;

impl Tracker {
    fn begin(&mut self, depth: u32) {
        self.depth = depth as usize;
        self.items[..self.depth].fill(UNKNOWN);
    }

    fn pop(&mut self) -> Item {
        self.depth -= 1;
        self.items[self.depth]
    }

    fn push_item(&mut self, item: Item) {
        self.items[self.depth] = item;
        self.depth += 1;
    }

    fn push(&mut self, index: usize, local: u32) {
        self.push_item(Item { pusher: index as u32, local });
    }

    /// Replaces items on top by others of one pusher; what was on top of them stays there if it is kept.
    fn replace(&mut self, effect: StackEffect, item: Item, treatment: Treatment) {
        let top = self.items[self.depth.saturating_sub(1)];
        let start = self.depth - effect.pops as usize;
        self.depth = start + effect.pushes as usize;
        // One is the rule and two are common: both are written, needed or not, for there is always room.
        let second = select_unpredictable(treatment == Treatment::KeepsTop, top, item);
        self.items[start..start + ROOM].copy_from_slice(&[item, second]);
        if effect.pushes as usize > ROOM {
            self.items[start..self.depth].fill(item);
        }
    }

    /// Something replaces what the local holds.
    fn rebind(&mut self, local: u32, block: &mut [Instruction]) {
        for &item in &self.items[..self.depth] {
            if item.local == local {
                own(item, block);
            }
        }
    }

    fn store(&mut self, local: u32, block: &mut [Instruction]) {
        let stored = self.pop();
        self.rebind(local, block);
        own(stored, block);
    }

    fn own_what_is_left(&self, block: &mut [Instruction]) {
        self.items[..self.depth].iter().for_each(|&item| own(item, block));
    }
}

/// Has the load that put the item there, if it was one, own it: it outlives the local, or is stored, or is left on the
/// stack.
fn own(item: Item, block: &mut [Instruction]) {
    if let Some(pusher) = block.get_mut(item.pusher as usize) {
        pusher.op = owning(pusher.op);
    }
}

impl Cfg {
    /// Turns LOAD_FAST and LOAD_FAST_LOAD_FAST into their borrowing forms where that is safe.
    #[inline(never)]
    pub(super) fn borrow_locals(&mut self, context: &PassContext<'_>) {
        if !self.may_have(Contents::LOCAL_LOAD) {
            return;
        }
        self.clear_visited();
        let mut tracker = std::mem::take(&mut self.tracker);
        tracker.items.resize(context.stack_depth as usize + 2 * ROOM, UNKNOWN);
        let mut pending = std::mem::take(&mut self.pending);
        let entry = self.entry();
        self.borrow_from(entry, &mut pending);
        while let Some(id) = pending.pop() {
            // A jump stands last or has a NOT_TAKEN behind it, and nothing else has a target by now.
            let mut ends = self[id].instructions().iter().rev().take(2);
            if let Some(target) = ends.find_map(|end| end.target) {
                self.borrow_from(target, &mut pending);
            }
            if let Some(next) = self[id].next.filter(|_| !self[id].is_empty() && self[id].has_fallthrough()) {
                self.borrow_from(next, &mut pending);
            }
            if self[id].may_have(Contents::LOCAL_LOAD) {
                self[id].borrow_within(&mut tracker, context);
            }
        }
        self.pending = pending;
        self.tracker = tracker;
    }

    fn borrow_from(&mut self, id: BasicBlockId, pending: &mut Vec<BasicBlockId>) {
        if !self[id].is_visited {
            self[id].is_visited = true;
            pending.push(id);
        }
    }
}

/// The borrowing form of an instruction, or itself.
fn borrowing(op: Op) -> Op {
    if op == Op::LoadFastLoadFast {
        return Op::LoadFastBorrowLoadFastBorrow;
    }
    // Nearly every other instruction is one.
    select_unpredictable(op == Op::LoadFast, Op::LoadFastBorrow, op)
}

/// The owning form of an instruction, or itself.
const fn owning(op: Op) -> Op {
    match op {
        Op::LoadFastBorrow => Op::LoadFast,
        Op::LoadFastBorrowLoadFastBorrow => Op::LoadFastLoadFast,
        op => op,
    }
}

impl BasicBlock {
    /// Apart, so that the loop has all registers.
    #[inline(never)]
    fn borrow_within(&mut self, tracker: &mut Tracker, context: &PassContext<'_>) {
        tracker.begin(self.start_depth.map_or(0, Depth::items));
        let block = self.instructions_mut();
        for index in 0..block.len() {
            let Instruction { op, oparg, .. } = block[index];
            // Until it turns out that it must not.
            block[index].op = borrowing(op);
            let treatment = TREATMENTS[op as usize];
            match treatment {
                Treatment::Replaces | Treatment::KeepsTop => {
                    // All bits, which is no local, unless it loads one.
                    let local = oparg | 0_u32.wrapping_sub(u32::from(op != Op::LoadFast));
                    let item = Item { pusher: index as u32, local };
                    tracker.replace(context.effects.onwards(op, oparg), item, treatment);
                }
                Treatment::Stores => tracker.store(oparg, block),
                Treatment::Moves => tracker.step(index, op, oparg, block, context),
            }
        }
        tracker.own_what_is_left(block);
    }
}

/// What an instruction does with the items of the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// Takes some and leaves new ones.
    Replaces,
    /// Takes some and leaves a new one, and perhaps above it the one that was on top.
    KeepsTop,
    /// Stores the one on top into a local.
    Stores,
    /// Something of its own.
    Moves,
}

/// By instruction. A table, since branches on what comes next are never foreseen.
static TREATMENTS: [Treatment; Op::COUNT] = {
    const KEEPING: &[Op] = &[Op::LoadAttr, Op::LoadSuperAttr, Op::LoadSpecial, Op::PushExcInfo];
    const MOVING: &[Op] = &[
        Op::CheckExcMatch,
        Op::Copy,
        Op::DeleteFast,
        Op::EndSend,
        Op::ForIter,
        Op::FormatSimple,
        Op::GetAnext,
        Op::GetLen,
        Op::GetYieldFromIter,
        Op::ImportFrom,
        Op::LoadFastAndClear,
        Op::LoadFastLoadFast,
        Op::MatchKeys,
        Op::MatchMapping,
        Op::MatchSequence,
        Op::Send,
        Op::SetFunctionAttribute,
        Op::StoreFastLoadFast,
        Op::StoreFastStoreFast,
        Op::Swap,
        Op::WithExceptStart,
    ];
    let mut table = [Treatment::Replaces; Op::COUNT];
    let mut index = 0;
    while index < KEEPING.len() {
        table[KEEPING[index] as usize] = Treatment::KeepsTop;
        index += 1;
    }
    index = 0;
    while index < MOVING.len() {
        table[MOVING[index] as usize] = Treatment::Moves;
        index += 1;
    }
    table[Op::StoreFast as usize] = Treatment::Stores;
    table
};

impl Tracker {
    /// Follows an instruction that moves items, or leaves what it looks at.
    fn step(
        &mut self,
        index: usize,
        op: Op,
        oparg: u32,
        block: &mut [Instruction],
        context: &PassContext<'_>,
    ) {
        match op {
            Op::DeleteFast => self.rebind(oparg, block),
            Op::LoadFastAndClear => {
                self.rebind(oparg, block);
                self.push(index, oparg);
            }
            Op::LoadFastLoadFast => {
                self.push(index, oparg >> 4);
                self.push(index, oparg & 15);
            }
            Op::StoreFastLoadFast => {
                self.store(oparg >> 4, block);
                self.push(index, oparg & 15);
            }
            Op::StoreFastStoreFast => {
                self.store(oparg >> 4, block);
                self.store(oparg & 15, block);
            }
            Op::Copy => {
                self.push_item(self.items[self.depth - oparg as usize]);
            }
            Op::Swap => {
                let top = self.depth - 1;
                self.items.swap(top, top + 1 - oparg as usize);
            }
            op if leaves_inputs(op) => {
                let effect = context.effects.onwards(op, oparg);
                for added in 0..effect.pushes - effect.pops {
                    // CPython 3.14: the loop's own index hides that of the instruction, so that one of the block's
                    // first instructions is taken for the one that pushed.
                    let pusher = match context.features.extra_items_credited {
                        ExtraItemsCredited::ToTheirInstruction => index,
                        ExtraItemsCredited::ToTheFirstInstructions => added as usize,
                    };
                    self.push(pusher, NO_LOCAL);
                }
            }
            Op::EndSend | Op::SetFunctionAttribute => {
                let top = self.pop();
                self.pop();
                self.push_item(top);
            }
            Op::CheckExcMatch => {
                self.pop();
                self.push(index, NO_LOCAL);
            }
            Op::ForIter => self.push(index, NO_LOCAL),
            Op::Send => {
                self.pop();
                self.push(index, NO_LOCAL);
            }
            op => unreachable!("{} moves no items", op.name()),
        }
    }
}

/// Instructions that look at what is on the stack and put more on top.
const fn leaves_inputs(op: Op) -> bool {
    matches!(
        op,
        Op::FormatSimple
            | Op::GetAnext
            | Op::GetLen
            | Op::GetYieldFromIter
            | Op::ImportFrom
            | Op::MatchKeys
            | Op::MatchMapping
            | Op::MatchSequence
            | Op::WithExceptStart
    )
}
