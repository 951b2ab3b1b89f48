//! The logical instructions: the union of what CPython 3.11 to 3.15 execute, plus the pseudo-instructions that only
//! their compilers know.
//!
//! Code generation and the passes speak these alone. Numbers, cache entries and EXTENDED_ARG belong to `assemble`;
//! which of them a version has is a matter of its opcode table.

pub use prepyc_version::Opcode as Op;

/// What an instruction does to the flow of control, which is the same in all versions.
pub(crate) trait ControlFlow: Copy {
    /// Whether it announces an exception handler at its target: `SETUP_FINALLY` and its like.
    fn is_block_push(self) -> bool;

    /// Whether control never reaches what follows it, but continues at its target.
    fn is_unconditional_jump(self) -> bool;

    /// Whether it leaves the code object.
    fn is_scope_exit(self) -> bool;

    /// Whether control can reach what follows it: it neither jumps always nor leaves.
    fn goes_on(self) -> bool;

    /// Whether the interpreter looks for signals and other threads there.
    fn has_eval_break(self) -> bool;

    /// Whether its oparg is an index into the constants.
    fn has_const(self) -> bool;

    /// For a jump by the truth or the None-ness of what it pops: the jump that is taken exactly when it is not.
    fn inverted(self) -> Option<Self>;
}

/// A table by instruction, of the bits of all groups that it is in.
pub(crate) const fn table_of(groups: &[(u32, &[Op])]) -> [u32; Op::COUNT] {
    let mut table = [0; Op::COUNT];
    let mut group = 0;
    while group < groups.len() {
        let (bits, ops) = groups[group];
        let mut index = 0;
        while index < ops.len() {
            table[ops[index] as usize] |= bits;
            index += 1;
        }
        group += 1;
    }
    table
}

/// By instruction: bits of what [`ControlFlow`] says. A table, since every pass asks for every instruction.
static FLOW: [u32; Op::COUNT] = table_of(GROUPS);

const BLOCK_PUSH: u32 = 1;
const UNCONDITIONAL_JUMP: u32 = 1 << 1;
const SCOPE_EXIT: u32 = 1 << 2;
const EVAL_BREAK: u32 = 1 << 3;
const CONST: u32 = 1 << 4;

const GROUPS: &[(u32, &[Op])] = &[
    (BLOCK_PUSH, &[Op::SetupFinally, Op::SetupCleanup, Op::SetupWith]),
    (
        UNCONDITIONAL_JUMP,
        &[Op::Jump, Op::JumpNoInterrupt, Op::JumpForward, Op::JumpBackward, Op::JumpBackwardNoInterrupt],
    ),
    (SCOPE_EXIT, &[Op::ReturnValue, Op::ReturnConst, Op::RaiseVarargs, Op::Reraise]),
    (EVAL_BREAK, &[Op::Jump, Op::JumpBackward, Op::Resume, Op::Call, Op::CallKw, Op::CallFunctionEx]),
    (CONST, &[Op::LoadConst, Op::ReturnConst, Op::KwNames]),
];

impl ControlFlow for Op {
    fn is_block_push(self) -> bool {
        FLOW[self as usize] & BLOCK_PUSH != 0
    }

    fn is_unconditional_jump(self) -> bool {
        FLOW[self as usize] & UNCONDITIONAL_JUMP != 0
    }

    #[inline(always)]
    fn is_scope_exit(self) -> bool {
        FLOW[self as usize] & SCOPE_EXIT != 0
    }

    fn goes_on(self) -> bool {
        FLOW[self as usize] & (SCOPE_EXIT | UNCONDITIONAL_JUMP) == 0
    }

    fn has_eval_break(self) -> bool {
        FLOW[self as usize] & EVAL_BREAK != 0
    }

    fn has_const(self) -> bool {
        FLOW[self as usize] & CONST != 0
    }

    fn inverted(self) -> Option<Op> {
        match self {
            Op::PopJumpIfFalse => Some(Op::PopJumpIfTrue),
            Op::PopJumpIfTrue => Some(Op::PopJumpIfFalse),
            Op::PopJumpIfNone => Some(Op::PopJumpIfNotNone),
            Op::PopJumpIfNotNone => Some(Op::PopJumpIfNone),
            _ => None,
        }
    }
}
