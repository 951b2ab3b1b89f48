//! Short runs of instructions for which there is something better, and jumps to jumps.
//!
//! Mirrors `optimize_basic_block` and `jump_thread` (`Python/flowgraph.c`).

use prepyc_version::CfgPipeline;

use super::contents::Contents;
use super::pipeline::PassContext;
use super::{BasicBlockId, Cfg, Instruction};
use crate::evaluate::UnaryOperator;
use crate::op::{ControlFlow, Op, table_of};

/// Opargs of CALL_INTRINSIC_1 (CPython: `Include/internal/pycore_intrinsics.h`, from 3.12 on).
const INTRINSIC_UNARY_POSITIVE: u32 = 5;
const INTRINSIC_LIST_TO_TUPLE: u32 = 6;

/// The bit of COMPARE_OP's oparg that asks for a bool (3.13 on).
const COMPARE_TO_BOOL: u32 = 16;

impl Cfg {
    /// Improves each block on its own.
    #[inline(never)]
    pub(super) fn optimize_basic_blocks(&mut self, context: &mut PassContext<'_>) {
        self.for_each_block(|cfg, id| {
            if cfg[id].may_have(Contents::IMPROVABLE) {
                cfg.improve_instructions(id, context);
            }
            // Jumps stand last.
            while cfg.thread_jump(id) {}
            if cfg[id].may_have(Contents::SWAP) {
                cfg.optimize_swaps(id);
            }
        });
    }

    #[inline(never)]
    fn improve_instructions(&mut self, id: BasicBlockId, context: &mut PassContext<'_>) {
        let mut index = 0;
        while let Some(found) = next_improvable(self[id].instructions(), index) {
            self.improve_instruction(id, found, context);
            index = found + 1;
        }
    }

    fn improve_instruction(&mut self, id: BasicBlockId, index: usize, context: &mut PassContext<'_>) {
        let instruction = self[id].slots[index];
        let oparg = instruction.oparg;
        let next = self[id].instructions().get(index + 1).copied();
        let next_op = next.map(|next| next.op);
        let folds = context.features.cfg_pipeline == CfgPipeline::FoldedGraph;
        let block = &mut self[id];
        match (instruction.op, next_op) {
            (Op::BuildTuple, Some(Op::UnpackSequence))
                if matches!(oparg, 1..=3) && next.is_some_and(|next| next.oparg == oparg) =>
            {
                block.set_nop(index);
                match oparg {
                    1 => block.set_nop(index + 1),
                    _ => block.set_op(index + 1, Op::Swap),
                }
            }
            (Op::BuildTuple, _) if folds => self.fold_tuple(id, index, context),
            (Op::BuildTuple, _) => self.fold_adjacent_tuple(id, index, context),
            (Op::BuildList | Op::BuildSet, _) if folds => self.fold_list_or_set(id, index, context),
            (Op::StoreFast, Some(Op::StoreFast))
                if next.is_some_and(|next| {
                    next.oparg == oparg && next.location.same_line(instruction.location)
                }) =>
            {
                block.set(index, Op::PopTop, 0);
            }
            (Op::Swap, _) if oparg == 1 => block.set_nop(index),
            (Op::LoadGlobal, Some(Op::PushNull)) if oparg & 1 == 0 => {
                block.slots[index].oparg |= 1;
                block.set_nop(index + 1);
            }
            (Op::CompareOp, Some(Op::ToBool)) => {
                block.set_nop(index);
                block.set(index + 1, Op::CompareOp, oparg | COMPARE_TO_BOOL);
            }
            (Op::ContainsOp | Op::IsOp, Some(Op::ToBool)) => {
                block.set_nop(index);
                block.set(index + 1, instruction.op, oparg);
            }
            (Op::ContainsOp | Op::IsOp, Some(Op::UnaryNot)) if folds => {
                block.set_nop(index);
                block.set(index + 1, instruction.op, oparg ^ 1);
            }
            (Op::ToBool, Some(Op::ToBool)) => block.set_nop(index),
            (Op::UnaryNot, Some(Op::ToBool)) => {
                block.set_nop(index);
                block.set(index + 1, Op::UnaryNot, 0);
            }
            (Op::UnaryNot, Some(Op::UnaryNot)) => {
                block.set_nop(index);
                block.set_nop(index + 1);
            }
            (Op::CallIntrinsic1, _) if folds && oparg == INTRINSIC_LIST_TO_TUPLE => {
                self.fold_list_to_tuple(id, index, context);
            }
            (Op::ListAppend | Op::SetAdd, Some(Op::GetIter | Op::ContainsOp)) if folds && oparg == 1 => {
                self.fold_appended_display(id, index, context);
            }
            (Op::BinaryOp, _) if folds => self.fold_binary_operation(id, index, context),
            (op, _) if folds && unary_operator(op, oparg).is_some() => {
                if let Some(operator) = unary_operator(op, oparg) {
                    self.fold_unary_operation(id, index, operator, context);
                }
            }
            _ => {}
        }
    }

    /// Makes a jump to a jump lead where that one does; says whether it did, for that may be a jump to a jump again.
    #[inline]
    fn thread_jump(&mut self, id: BasicBlockId) -> bool {
        let Some(&Instruction { op, target: Some(target), .. }) = self[id].last() else {
            return false;
        };
        let Some(landing) = self[target].instructions().first() else {
            return false;
        };
        let jumps = Contents::UNCONDITIONAL_JUMP.and(Contents::SHORT_CIRCUIT);
        Contents::of_op(landing.op).has(jumps) && self.thread_jump_to(id, op, target)
    }

    /// A jump of that kind lands on one at the head of `block`.
    fn thread_jump_to(&mut self, id: BasicBlockId, jump: Op, block: BasicBlockId) -> bool {
        let landing = self[block].slots[0];
        let threaded = match (jump, landing.op) {
            (op, Op::Jump) if op.inverted().is_some() => op,
            (Op::JumpIfFalse, Op::Jump | Op::JumpIfFalse) | (Op::JumpIfTrue, Op::Jump | Op::JumpIfTrue) => {
                jump
            }
            (Op::JumpIfFalse, Op::JumpIfTrue) | (Op::JumpIfTrue, Op::JumpIfFalse) => {
                // The landing never jumps: what it tests has just been found out.
                let after = self[block].next;
                self.edges_changed = true;
                if let Some(last) = self[id].last_mut() {
                    last.target = after;
                }
                return true;
            }
            (Op::Jump | Op::JumpNoInterrupt, Op::Jump) => Op::Jump,
            (Op::Jump | Op::JumpNoInterrupt, Op::JumpNoInterrupt) => jump,
            _ => return false,
        };
        if landing.target == Some(block) {
            return false;
        }
        self.edges_changed = true;
        self[id].set_last_nop();
        let mut moved = Instruction::new(threaded, 0, landing.location);
        moved.target = landing.target;
        self[id].push(moved);
        true
    }
}

/// The first instruction from a place on for which there may be something better considering what stands before and after
/// it.
#[inline(never)]
fn next_improvable(instructions: &[Instruction], from: usize) -> Option<usize> {
    let role_of = |found: &Instruction| ROLES[found.op as usize];
    let mut before = from.checked_sub(1).map_or(Role::NONE, |before| role_of(&instructions[before]));
    let (first, others) = instructions.get(from..)?.split_first()?;
    let mut here = role_of(first);
    for (index, next) in (from..).zip(others) {
        let after = role_of(next);
        if here.wants(before, after) {
            return Some(index);
        }
        (before, here) = (here, after);
    }
    here.wants(before, Role::NONE).then(|| instructions.len() - 1)
}

/// What an instruction is to its neighbours, and which of them make it one that `improve_instruction` has something for.
#[derive(Clone, Copy)]
struct Role {
    kind: u32,
    wanted: u32,
}

impl Role {
    const NONE: Role = Role { kind: 0, wanted: 0 };

    fn wants(self, before: Role, after: Role) -> bool {
        self.wanted & (before.kind & CONSTANT_LOAD | after.kind & !CONSTANT_LOAD | ANYTHING) != 0
    }
}

/// Loads a constant, or was such a load before.
const CONSTANT_LOAD: u32 = 1;
const NULL_PUSH: u32 = 1 << 1;
const LOCAL_STORE: u32 = 1 << 2;
const TRUTH_TEST: u32 = 1 << 3;
const NEGATION: u32 = 1 << 4;
const ANYTHING: u32 = 1 << 5;

/// By instruction.
static ROLES: [Role; Op::COUNT] = {
    let kinds = table_of(KINDS);
    let wanted = table_of(WANTED);
    let mut roles = [Role::NONE; Op::COUNT];
    let mut index = 0;
    while index < Op::COUNT {
        roles[index] = Role { kind: kinds[index], wanted: wanted[index] };
        index += 1;
    }
    roles
};

const KINDS: &[(u32, &[Op])] = &[
    (CONSTANT_LOAD, &[Op::LoadConst, Op::LoadSmallInt, Op::Nop]),
    (NULL_PUSH, &[Op::PushNull]),
    (LOCAL_STORE, &[Op::StoreFast]),
    (TRUTH_TEST, &[Op::ToBool]),
    (NEGATION, &[Op::UnaryNot]),
];

const WANTED: &[(u32, &[Op])] = &[
    (CONSTANT_LOAD, &[Op::BinaryOp, Op::UnaryInvert, Op::UnaryNegative, Op::UnaryNot]),
    (NULL_PUSH, &[Op::LoadGlobal]),
    (LOCAL_STORE, &[Op::StoreFast]),
    (TRUTH_TEST, &[Op::CompareOp, Op::ContainsOp, Op::IsOp, Op::ToBool, Op::UnaryNot]),
    (NEGATION, &[Op::ContainsOp, Op::IsOp, Op::UnaryNot]),
    (
        ANYTHING,
        &[
            Op::BuildList,
            Op::BuildSet,
            Op::BuildTuple,
            Op::CallIntrinsic1,
            Op::ListAppend,
            Op::SetAdd,
            Op::Swap,
        ],
    ),
];

fn unary_operator(op: Op, oparg: u32) -> Option<UnaryOperator> {
    match op {
        Op::UnaryNegative => Some(UnaryOperator::Negative),
        Op::UnaryInvert => Some(UnaryOperator::Invert),
        Op::UnaryNot => Some(UnaryOperator::Not),
        Op::CallIntrinsic1 if oparg == INTRINSIC_UNARY_POSITIVE => Some(UnaryOperator::Positive),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::{Contents, ROLES};

    #[test]
    fn every_instruction_with_a_wanted_neighbour_is_noted() {
        for version in PyVersion::ALL {
            for info in version.opcodes().instructions {
                let is_noted = Contents::of_op(info.opcode).has(Contents::IMPROVABLE);
                let is_wanted = ROLES[info.opcode as usize].wanted != 0;
                assert_eq!(is_wanted, is_noted, "{}", info.opcode.name());
            }
        }
    }
}
