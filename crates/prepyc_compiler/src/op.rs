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

    /// Whether the interpreter looks for signals and other threads there.
    fn has_eval_break(self) -> bool;

    /// Whether its oparg is an index into the constants.
    fn has_const(self) -> bool;

    /// For a jump by the truth or the None-ness of what it pops: the jump that is taken exactly when it is not.
    fn inverted(self) -> Option<Self>;
}

impl ControlFlow for Op {
    fn is_block_push(self) -> bool {
        matches!(self, Op::SetupFinally | Op::SetupCleanup | Op::SetupWith)
    }

    fn is_unconditional_jump(self) -> bool {
        matches!(
            self,
            Op::Jump | Op::JumpNoInterrupt | Op::JumpForward | Op::JumpBackward | Op::JumpBackwardNoInterrupt
        )
    }

    fn is_scope_exit(self) -> bool {
        matches!(self, Op::ReturnValue | Op::ReturnConst | Op::RaiseVarargs | Op::Reraise)
    }

    fn has_eval_break(self) -> bool {
        matches!(self, Op::Jump | Op::JumpBackward | Op::Resume | Op::Call | Op::CallKw | Op::CallFunctionEx)
    }

    fn has_const(self) -> bool {
        matches!(self, Op::LoadConst | Op::ReturnConst | Op::KwNames)
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
