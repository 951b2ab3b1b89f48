//! Which loads of locals may borrow their reference from the frame.
//!
//! Mirrors `optimize_load_fast` (`Python/flowgraph.c`, from 3.14 on). Within each block the value stack is followed by
//! who put what there. A load may borrow if what it loaded is consumed within the block, before its local is rebound,
//! and is not stored into a local.

use prepyc_version::{ExtraItemsCredited, Features};

use super::contents::Contents;
use super::{BasicBlock, BasicBlockId, Cfg, Instruction};
use crate::op::Op;
use crate::stack::effect_of;

/// An item of the value stack.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// The load that put it there, as a place in its block.
    load: Option<u32>,
    /// The local it was loaded from.
    local: Option<u32>,
}

const UNKNOWN: Item = Item { load: None, local: None };

/// The value stack within one block, and which of its loads must not borrow.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    items: Vec<Item>,
    /// By place in the block: what it loaded outlives the local, or is stored, or is left on the stack.
    must_own: Vec<bool>,
}

impl Tracker {
    fn begin(&mut self, depth: u32, length: usize) {
        self.items.clear();
        self.items.resize(depth as usize, UNKNOWN);
        self.must_own.clear();
        self.must_own.resize(length, false);
    }

    fn pop(&mut self) -> Item {
        self.items.pop().expect("the stack depth was checked before")
    }

    fn push(&mut self, index: usize, local: Option<u32>) {
        self.items.push(Item { load: Some(index as u32), local });
    }

    /// Something replaces what the local holds.
    fn rebind(&mut self, local: u32) {
        for item in &self.items {
            if let (Some(load), Some(loaded)) = (item.load, item.local)
                && loaded == local
            {
                self.must_own[load as usize] = true;
            }
        }
    }

    fn store(&mut self, local: u32) {
        let stored = self.pop();
        self.rebind(local);
        self.keep(stored);
    }

    fn keep(&mut self, item: Item) {
        if let Some(load) = item.load {
            self.must_own[load as usize] = true;
        }
    }

    fn keep_what_is_left(&mut self) {
        for item in &self.items {
            if let Some(load) = item.load {
                self.must_own[load as usize] = true;
            }
        }
    }

    fn depth(&self) -> u32 {
        self.items.len() as u32
    }
}

impl Cfg {
    /// Turns LOAD_FAST and LOAD_FAST_LOAD_FAST into their borrowing forms where that is safe.
    #[inline(never)]
    pub(super) fn borrow_locals(&mut self, features: &Features) {
        if !self.may_have(Contents::LOCAL) {
            return;
        }
        self.clear_visited();
        let mut tracker = std::mem::take(&mut self.tracker);
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
                self[id].borrow_within(&mut tracker, features);
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

impl BasicBlock {
    fn borrow_within(&mut self, tracker: &mut Tracker, features: &Features) {
        tracker.begin(self.start_depth.unwrap_or(0), self.used);
        for (index, instruction) in self.instructions().iter().enumerate() {
            tracker.step(index, instruction, features);
        }
        tracker.keep_what_is_left();
        for (instruction, must_own) in self.instructions_mut().iter_mut().zip(&tracker.must_own) {
            match instruction.op {
                Op::LoadFast if !must_own => instruction.op = Op::LoadFastBorrow,
                Op::LoadFastLoadFast if !must_own => instruction.op = Op::LoadFastBorrowLoadFastBorrow,
                _ => {}
            }
        }
    }
}

impl Tracker {
    /// Follows one instruction.
    fn step(&mut self, index: usize, instruction: &Instruction, features: &Features) {
        let oparg = instruction.oparg;
        match instruction.op {
            Op::LoadFast => self.push(index, Some(oparg)),
            Op::DeleteFast => self.rebind(oparg),
            Op::LoadFastAndClear => {
                self.rebind(oparg);
                self.push(index, Some(oparg));
            }
            Op::LoadFastLoadFast => {
                self.push(index, Some(oparg >> 4));
                self.push(index, Some(oparg & 15));
            }
            Op::StoreFast => self.store(oparg),
            Op::StoreFastLoadFast => {
                self.store(oparg >> 4);
                self.push(index, Some(oparg & 15));
            }
            Op::StoreFastStoreFast => {
                self.store(oparg >> 4);
                self.store(oparg & 15);
            }
            Op::Copy => {
                let copied = self.items[self.items.len() - oparg as usize];
                self.items.push(copied);
            }
            Op::Swap => {
                let top = self.items.len() - 1;
                self.items.swap(top, top + 1 - oparg as usize);
            }
            op if leaves_inputs(op) => {
                let effect = effect_of(op, oparg, features);
                for added in 0..effect.pushes - effect.pops {
                    // CPython 3.14: the loop's own index hides that of the instruction, so that one of the block's
                    // first instructions is taken for the one that pushed.
                    let pusher = match features.extra_items_credited {
                        ExtraItemsCredited::ToTheirInstruction => index,
                        ExtraItemsCredited::ToTheFirstInstructions => added as usize,
                    };
                    self.push(pusher, None);
                }
            }
            Op::EndSend | Op::SetFunctionAttribute => {
                let top = self.pop();
                self.pop();
                self.items.push(top);
            }
            Op::CheckExcMatch => {
                self.pop();
                self.push(index, None);
            }
            Op::ForIter => self.push(index, None),
            Op::LoadAttr | Op::LoadSuperAttr => {
                let receiver = self.pop();
                if instruction.op == Op::LoadSuperAttr {
                    self.pop();
                    self.pop();
                }
                self.push(index, None);
                if oparg & 1 != 0 {
                    self.items.push(receiver);
                }
            }
            Op::LoadSpecial | Op::PushExcInfo => {
                let top = self.pop();
                self.push(index, None);
                self.items.push(top);
            }
            Op::Send => {
                self.pop();
                self.push(index, None);
            }
            op => {
                let effect = effect_of(op, oparg, features);
                self.items.truncate((self.depth() - effect.pops) as usize);
                for _ in 0..effect.pushes {
                    self.push(index, None);
                }
            }
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
