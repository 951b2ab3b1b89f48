//! Which loads of locals may borrow their reference from the frame.
//!
//! Mirrors `optimize_load_fast` (`Python/flowgraph.c`, from 3.14 on). Within each block the value stack is followed by
//! who put what there. A load may borrow if what it loaded is consumed within the block, before its local is rebound,
//! and is not stored into a local.

use prepyc_version::ExtraItemsCredited;

use super::contents::Contents;
use super::pipeline::PassContext;
use super::{BasicBlock, BasicBlockId, Cfg};
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

/// The value stack within one block, and which of its loads must not borrow.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    /// The items, and past `depth` room for all that the code object ever has there, and a little more.
    items: Vec<Item>,
    depth: usize,
    /// By place in the block: what it loaded outlives the local, or is stored, or is left on the stack.
    must_own: Vec<bool>,
}

/// So many items can be written past the deepest stack.
const ROOM: usize = 2;

impl Tracker {
    fn begin(&mut self, depth: u32, length: usize) {
        self.depth = depth as usize;
        self.items[..self.depth].fill(UNKNOWN);
        self.must_own.clear();
        self.must_own.resize(length, false);
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
        let second = if treatment == Treatment::KeepsTop { top } else { item };
        self.items[start..start + ROOM].copy_from_slice(&[item, second]);
        if effect.pushes as usize > ROOM {
            self.items[start..self.depth].fill(item);
        }
    }

    /// Something replaces what the local holds.
    fn rebind(&mut self, local: u32) {
        for item in &self.items[..self.depth] {
            if item.local == local {
                self.must_own[item.pusher as usize] = true;
            }
        }
    }

    fn store(&mut self, local: u32) {
        let stored = self.pop();
        self.rebind(local);
        self.keep(stored);
    }

    fn keep(&mut self, item: Item) {
        if item.pusher != NOBODY {
            self.must_own[item.pusher as usize] = true;
        }
    }

    fn keep_what_is_left(&mut self) {
        for index in 0..self.depth {
            self.keep(self.items[index]);
        }
    }
}

impl Cfg {
    /// Turns LOAD_FAST and LOAD_FAST_LOAD_FAST into their borrowing forms where that is safe.
    #[inline(never)]
    pub(super) fn borrow_locals(&mut self, context: &PassContext<'_>) {
        if !self.may_have(Contents::LOCAL) {
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
            if self[id].may_have(Contents::LOCAL) {
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

/// By instruction: its borrowing form, or itself.
static BORROWING: [Op; Op::COUNT] = {
    let mut forms = [Op::Nop; Op::COUNT];
    forms[Op::LoadFast as usize] = Op::LoadFastBorrow;
    forms[Op::LoadFastLoadFast as usize] = Op::LoadFastBorrowLoadFastBorrow;
    forms
};

impl BasicBlock {
    fn borrow_within(&mut self, tracker: &mut Tracker, context: &PassContext<'_>) {
        tracker.begin(self.start_depth.unwrap_or(0), self.used);
        for (index, instruction) in self.instructions().iter().enumerate() {
            let (op, oparg) = (instruction.op, instruction.oparg);
            let treatment = TREATMENTS[op as usize];
            if treatment == Treatment::Moves {
                tracker.step(index, op, oparg, context);
            } else {
                // All bits, which is no local, unless it loads one.
                let local = oparg | 0_u32.wrapping_sub(u32::from(op != Op::LoadFast));
                let item = Item { pusher: index as u32, local };
                tracker.replace(context.effects.onwards(op, oparg), item, treatment);
            }
        }
        tracker.keep_what_is_left();
        for (instruction, must_own) in self.instructions_mut().iter_mut().zip(&tracker.must_own) {
            let borrowing = BORROWING[instruction.op as usize];
            let borrows = !must_own & (borrowing as u32 != Op::Nop as u32);
            instruction.op = if borrows { borrowing } else { instruction.op };
        }
    }
}

/// What an instruction does with the items of the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// Takes some and leaves new ones.
    Replaces,
    /// Takes some and leaves a new one, and perhaps above it the one that was on top.
    KeepsTop,
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
        Op::StoreFast,
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
    table
};

impl Tracker {
    /// Follows an instruction that moves items, or leaves what it looks at.
    fn step(&mut self, index: usize, op: Op, oparg: u32, context: &PassContext<'_>) {
        match op {
            Op::DeleteFast => self.rebind(oparg),
            Op::LoadFastAndClear => {
                self.rebind(oparg);
                self.push(index, oparg);
            }
            Op::LoadFastLoadFast => {
                self.push(index, oparg >> 4);
                self.push(index, oparg & 15);
            }
            Op::StoreFast => self.store(oparg),
            Op::StoreFastLoadFast => {
                self.store(oparg >> 4);
                self.push(index, oparg & 15);
            }
            Op::StoreFastStoreFast => {
                self.store(oparg >> 4);
                self.store(oparg & 15);
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
