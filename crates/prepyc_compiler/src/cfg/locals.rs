//! Which loads of locals have to check that the local is bound.
//!
//! Mirrors `add_checks_for_loads_of_uninitialized_variables` (`Python/flowgraph.c`, from 3.12 on): a data flow over
//! the first 64 locals; later ones are followed within their block alone.

use super::contents::Contents;
use super::{BasicBlockId, Cfg};
use crate::op::Op;
use crate::unit::CodeUnitMetadata;

/// So many locals are followed from block to block.
const FOLLOWED_LOCALS: u32 = u64::BITS;

/// What an instruction does to the local it names, as masks.
#[derive(Clone, Copy)]
struct Effect {
    /// All bits if the local is bound afterwards.
    binds: u64,
    /// All bits if it may be unbound afterwards.
    unbinds: u64,
}

static EFFECTS: [Effect; Op::COUNT] = {
    let mut effects = [Effect { binds: 0, unbinds: 0 }; Op::COUNT];
    effects[Op::LoadFast as usize].binds = u64::MAX;
    effects[Op::LoadFastCheck as usize].binds = u64::MAX;
    effects[Op::StoreFast as usize].binds = u64::MAX;
    effects[Op::DeleteFast as usize].unbinds = u64::MAX;
    effects[Op::LoadFastAndClear as usize].unbinds = u64::MAX;
    effects[Op::StoreFastMaybeNull as usize].unbinds = u64::MAX;
    effects
};

impl Cfg {
    /// Turns LOAD_FAST into LOAD_FAST_CHECK where the local may be unbound.
    #[inline(never)]
    pub(super) fn check_unbound_locals(&mut self, unit: &CodeUnitMetadata) {
        let locals = unit.varnames.len() as u32;
        if locals == 0 {
            return;
        }
        if locals > FOLLOWED_LOCALS {
            self.check_locals_by_block(locals);
        }
        let unbound = mask_of(locals.min(FOLLOWED_LOCALS)) & !mask_of(unit.parameter_count());
        if unbound == 0 && !self.could_have(Contents::UNBINDING) {
            return;
        }
        self.clear_visited();
        for block in &mut self.blocks[..self.in_use] {
            block.unsafe_locals = 0;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let entry = self.entry();
        self.spread_unsafe(Some(entry), unbound, &mut pending);
        // A local can be deleted anywhere: every block is looked at once.
        self.for_each_block(|cfg, id| {
            cfg[id].is_visited = false;
            cfg.check_block(id, &mut pending);
        });
        while let Some(id) = pending.pop() {
            // Those that were looked at since are not visited: they wait no more.
            if std::mem::take(&mut self[id].is_visited) {
                self.check_block(id, &mut pending);
            }
        }
        self.pending = pending;
    }

    /// Adds to the locals that may be unbound where a block begins; the block waits if that was news.
    fn spread_unsafe(
        &mut self,
        id: Option<BasicBlockId>,
        unsafe_locals: u64,
        pending: &mut Vec<BasicBlockId>,
    ) {
        let Some(id) = id else {
            return;
        };
        let block = &mut self[id];
        let both = block.unsafe_locals | unsafe_locals;
        if both != block.unsafe_locals {
            block.unsafe_locals = both;
            if !block.is_visited {
                block.is_visited = true;
                pending.push(id);
            }
        }
    }

    fn check_block(&mut self, id: BasicBlockId, pending: &mut Vec<BasicBlockId>) {
        let mut unsafe_locals = self[id].unsafe_locals;
        if unsafe_locals == 0 && !self[id].may_have(Contents::UNBINDING) {
            // All are bound, and stay so.
            return;
        }
        if self.has_handlers || self[id].may_have(Contents::LOCAL) {
            unsafe_locals = self.check_instructions(id, unsafe_locals, pending);
        }
        if self[id].has_fallthrough() {
            self.spread_unsafe(self[id].next, unsafe_locals, pending);
        }
        if let Some(last) = self[id].last().copied().filter(|last| last.is_jump()) {
            self.spread_unsafe(last.target, unsafe_locals, pending);
        }
    }

    /// Checks the loads of a block; gives the locals that may be unbound at its end.
    fn check_instructions(
        &mut self,
        id: BasicBlockId,
        unsafe_locals: u64,
        pending: &mut Vec<BasicBlockId>,
    ) -> u64 {
        let mut unsafe_locals = unsafe_locals;
        let used = self[id].used();
        let mut slots = std::mem::take(&mut self[id].slots);
        let mut handler_knows: Option<(BasicBlockId, u64)> = None;
        for instruction in &mut slots[..used] {
            if let Some(handler) = instruction.handler
                && handler_knows != Some((handler, unsafe_locals))
            {
                self.spread_unsafe(Some(handler), unsafe_locals, pending);
                handler_knows = Some((handler, unsafe_locals));
            }
            // No branch on what kind it is: half of all instructions are loads and stores of locals, none predictable.
            let bit = if instruction.oparg < FOLLOWED_LOCALS { 1 << instruction.oparg } else { 0 };
            let Effect { binds, unbinds } = EFFECTS[instruction.op as usize];
            if unsafe_locals & bit & binds != 0 && instruction.op == Op::LoadFast {
                instruction.op = Op::LoadFastCheck;
            }
            unsafe_locals = unsafe_locals & !(bit & binds) | bit & unbinds;
        }
        self[id].slots = slots;
        unsafe_locals
    }

    /// For the locals that are not followed: bound is what the block itself has bound or checked before.
    fn check_locals_by_block(&mut self, locals: u32) {
        let mut bound_in = vec![0_u32; (locals - FOLLOWED_LOCALS) as usize];
        let mut block = 0;
        self.for_each_block(|cfg, id| {
            block += 1;
            for instruction in cfg[id].instructions_mut() {
                let Some(local) = instruction.oparg.checked_sub(FOLLOWED_LOCALS) else {
                    continue;
                };
                match instruction.op {
                    Op::DeleteFast | Op::LoadFastAndClear | Op::StoreFastMaybeNull => {
                        bound_in[local as usize] = block - 1;
                    }
                    Op::StoreFast => bound_in[local as usize] = block,
                    Op::LoadFast => {
                        if bound_in[local as usize] != block {
                            instruction.op = Op::LoadFastCheck;
                        }
                        bound_in[local as usize] = block;
                    }
                    _ => {}
                }
            }
        });
    }
}

/// The lowest `count` bits.
const fn mask_of(count: u32) -> u64 {
    if count >= u64::BITS { u64::MAX } else { (1 << count) - 1 }
}
