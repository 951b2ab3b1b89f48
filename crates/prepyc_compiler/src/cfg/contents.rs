//! What a block may contain, so that a pass can leave out the blocks that have nothing for it.
//!
//! Most passes are about a few instructions, and most blocks have none of them. What is noted may be too much, never
//! too little: whoever puts an instruction into a block notes it (debug builds check that between passes).

use super::{BasicBlock, Instruction};
use crate::location::Location;
use crate::op::{ControlFlow, Op, table_of};

/// A set of kinds of instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents(u32);

impl Contents {
    pub(crate) const NOTHING: Contents = Contents(0);
    pub(super) const NOP: Contents = Contents(1);
    /// Announces a handler.
    pub(super) const SETUP: Contents = Contents(1 << 1);
    /// Has a place among the constants as its oparg.
    pub(super) const CONSTANT: Contents = Contents(1 << 2);
    /// Can be done without if what it takes is a constant.
    pub(super) const DECIDABLE: Contents = Contents(1 << 3);
    /// There may be something better for it and the next one.
    pub(super) const IMPROVABLE: Contents = Contents(1 << 4);
    pub(super) const SWAP: Contents = Contents(1 << 5);
    pub(super) const POP_TOP: Contents = Contents(1 << 6);
    /// Loads, stores or deletes a fast local.
    pub(super) const LOCAL: Contents = Contents(1 << 7);
    /// Loads a fast local, and may turn out to borrow it.
    pub(super) const LOCAL_LOAD: Contents = Contents(1 << 16);
    /// Leaves a fast local without a value, or maybe without.
    pub(super) const UNBINDING: Contents = Contents(1 << 8);
    /// Names a cell or free variable.
    pub(super) const CELL: Contents = Contents(1 << 9);
    /// Stands for something else or nothing once the passes are through.
    pub(super) const PSEUDO: Contents = Contents(1 << 10);
    /// Names no line of the source.
    pub(super) const LINELESS: Contents = Contents(1 << 11);

    /// Jumps, whatever is on the stack.
    pub(super) const UNCONDITIONAL_JUMP: Contents = Contents(1 << 12);
    /// Jumps by what is on top of the stack, and has a counterpart that jumps exactly when it does not.
    pub(super) const CONDITIONAL_JUMP: Contents = Contents(1 << 13);
    /// Jumps by what it leaves on the stack: a pseudo-instruction.
    pub(super) const SHORT_CIRCUIT: Contents = Contents(1 << 14);

    /// Stands for the deferred annotations.
    pub(super) const PLACEHOLDER: Contents = Contents(1 << 15);

    /// Loaded a constant that it loads no more.
    pub(super) const CONSTANT_DROPPED: Contents = Contents(1 << 17);
    pub(super) const SMALL_INT: Contents = Contents(1 << 18);

    pub(super) const fn and(self, other: Contents) -> Contents {
        Contents(self.0 | other.0)
    }

    pub(crate) fn insert(&mut self, other: Contents) {
        self.0 |= other.0;
    }

    pub(super) fn remove(&mut self, other: Contents) {
        self.0 &= !other.0;
    }

    pub(super) const fn has(self, any: Contents) -> bool {
        self.0 & any.0 != 0
    }

    /// What there is to note of an instruction.
    pub(crate) fn of(instruction: &Instruction) -> Contents {
        Contents::of_parts(instruction.op, instruction.location)
    }

    /// What there is to note of an instruction there.
    pub(crate) fn of_parts(op: Op, location: Location) -> Contents {
        let contents = Contents::of_op(op);
        if location.has_line() { contents } else { contents.and(Contents::LINELESS) }
    }

    /// What there is to note where an instruction stood that is taken away.
    pub(super) fn left_by(op: Op) -> Contents {
        Contents(if op.has_const() { Contents::CONSTANT_DROPPED.0 } else { 0 })
    }

    /// What there is to note of an instruction, its place apart.
    pub(super) fn of_op(op: Op) -> Contents {
        Contents(TABLE[op as usize])
    }
}

/// By instruction: what there is to note of it.
static TABLE: [u32; Op::COUNT] = table_of(GROUPS);

const GROUPS: &[(u32, &[Op])] = &[
    (Contents::NOP.0, &[Op::Nop]),
    (Contents::SETUP.0, &[Op::SetupFinally, Op::SetupCleanup, Op::SetupWith]),
    (Contents::CONSTANT.0, &[Op::LoadConst, Op::ReturnConst, Op::KwNames]),
    (Contents::SMALL_INT.0, &[Op::LoadSmallInt]),
    (
        Contents::DECIDABLE.0,
        &[Op::PopJumpIfFalse, Op::PopJumpIfTrue, Op::JumpIfFalse, Op::JumpIfTrue, Op::IsOp, Op::ToBool],
    ),
    (
        Contents::IMPROVABLE.0,
        &[
            Op::BinaryOp,
            Op::BuildList,
            Op::BuildSet,
            Op::BuildTuple,
            Op::CallIntrinsic1,
            Op::CompareOp,
            Op::ContainsOp,
            Op::IsOp,
            Op::ListAppend,
            Op::LoadGlobal,
            Op::SetAdd,
            Op::StoreFast,
            Op::Swap,
            Op::ToBool,
            Op::UnaryInvert,
            Op::UnaryNegative,
            Op::UnaryNot,
        ],
    ),
    (Contents::SWAP.0, &[Op::Swap]),
    (Contents::POP_TOP.0, &[Op::PopTop]),
    (
        Contents::LOCAL.0,
        &[
            Op::LoadFast,
            Op::LoadFastLoadFast,
            Op::LoadFastCheck,
            Op::LoadFastAndClear,
            Op::StoreFast,
            Op::StoreFastLoadFast,
            Op::StoreFastMaybeNull,
            Op::StoreFastStoreFast,
            Op::DeleteFast,
        ],
    ),
    (Contents::LOCAL_LOAD.0, &[Op::LoadFast, Op::LoadFastLoadFast]),
    (Contents::UNBINDING.0, &[Op::DeleteFast, Op::LoadFastAndClear, Op::StoreFastMaybeNull]),
    (
        Contents::CELL.0,
        &[
            Op::MakeCell,
            Op::LoadClosure,
            Op::LoadDeref,
            Op::StoreDeref,
            Op::DeleteDeref,
            Op::LoadClassderef,
            Op::LoadFromDictOrDeref,
        ],
    ),
    (
        Contents::UNCONDITIONAL_JUMP.0,
        &[Op::Jump, Op::JumpNoInterrupt, Op::JumpForward, Op::JumpBackward, Op::JumpBackwardNoInterrupt],
    ),
    (
        Contents::CONDITIONAL_JUMP.0,
        &[Op::PopJumpIfFalse, Op::PopJumpIfTrue, Op::PopJumpIfNone, Op::PopJumpIfNotNone],
    ),
    (Contents::PLACEHOLDER.0, &[Op::AnnotationsPlaceholder]),
    (Contents::SHORT_CIRCUIT.0, &[Op::JumpIfFalse, Op::JumpIfTrue]),
    (
        Contents::PSEUDO.0,
        &[Op::SetupFinally, Op::SetupCleanup, Op::SetupWith, Op::LoadClosure, Op::StoreFastMaybeNull],
    ),
];

impl BasicBlock {
    /// Whether there may be any of these in it.
    pub(super) fn may_have(&self, any: Contents) -> bool {
        self.contents.has(any)
    }

    /// Whether all that is in it was noted.
    pub(super) fn contents_hold(&self) -> bool {
        self.instructions().iter().map(Contents::of).all(|found| self.contents.0 & found.0 == found.0)
    }
}

impl super::Cfg {
    /// Whether there may be any of these in the code object.
    pub(super) fn may_have(&self, any: Contents) -> bool {
        self.blocks[..self.in_use].iter().any(|block| block.may_have(any))
    }

    /// Whether there may be any of these in the code object, for what no pass makes of anything else: quicker to ask.
    pub(super) fn could_have(&self, any: Contents) -> bool {
        debug_assert!(self.generated.has(any) || !self.may_have(any), "a pass made what was not there");
        self.generated.has(any)
    }

    /// The blocks in which there may be any of these, in no order.
    pub(super) fn blocks_with(&mut self, any: Contents) -> impl Iterator<Item = &mut BasicBlock> {
        self.blocks[..self.in_use].iter_mut().filter(move |block| block.may_have(any))
    }
}

#[cfg(test)]
mod tests {
    use super::{Contents, Instruction};
    use crate::location::Location;
    use crate::op::{ControlFlow, Op};

    #[test]
    fn what_other_files_say_of_an_instruction_is_noted() {
        for op in [Op::SetupFinally, Op::SetupCleanup, Op::SetupWith] {
            assert!(op.is_block_push() && Contents::of_op(op).has(Contents::SETUP));
            assert!(Contents::of_op(op).has(Contents::PSEUDO));
        }
        for op in [Op::LoadConst, Op::ReturnConst, Op::KwNames] {
            assert!(op.has_const() && Contents::of_op(op).has(Contents::CONSTANT));
        }
        for op in
            [Op::Jump, Op::JumpNoInterrupt, Op::JumpForward, Op::JumpBackward, Op::JumpBackwardNoInterrupt]
        {
            assert!(op.is_unconditional_jump() && Contents::of_op(op).has(Contents::UNCONDITIONAL_JUMP));
        }
        for op in [Op::PopJumpIfFalse, Op::PopJumpIfTrue, Op::PopJumpIfNone, Op::PopJumpIfNotNone] {
            assert!(op.inverted().is_some() && Contents::of_op(op).has(Contents::CONDITIONAL_JUMP));
        }
        let unplaced = Instruction::new(Op::LoadName, 0, Location::NONE);
        assert!(Contents::of(&unplaced).has(Contents::LINELESS));
        let placed = Instruction::new(Op::LoadName, 0, Location::line_only(1));
        assert_eq!(Contents::of(&placed), Contents::NOTHING);
    }
}
