//! What an instruction takes from the value stack and leaves on it.
//!
//! Mirrors CPython's generated `_PyOpcode_num_popped` and `_PyOpcode_num_pushed`. Items an instruction merely reaches
//! over (`COPY`, `LIST_APPEND`) count on both sides there; here only what it really takes and leaves.

use prepyc_version::{Features, IteratorShape, MethodCallShape};

use crate::op::Op;

/// Items taken from the top of the stack, then items left there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StackEffect {
    pub(crate) pops: u32,
    pub(crate) pushes: u32,
}

const fn effect(pops: u32, pushes: u32) -> StackEffect {
    StackEffect { pops, pushes }
}

/// The effect where control continues with the next instruction.
#[inline]
pub(crate) fn effect_of(op: Op, oparg: u32, features: &Features) -> StackEffect {
    match fixed_effect(op) {
        VARYING => varying_effect(op, oparg, features),
        fixed => {
            let [pops, pushes] = fixed.to_le_bytes();
            effect(pops.into(), pushes.into())
        }
    }
}

fn varying_effect(op: Op, oparg: u32, features: &Features) -> StackEffect {
    match op {
        Op::BuildTuple | Op::BuildList | Op::BuildSet | Op::BuildString => effect(oparg, 1),
        Op::BuildMap => effect(2 * oparg, 1),
        Op::BuildConstKeyMap => effect(1 + oparg, 1),
        Op::BuildSlice => match features.build_slice_counts_any {
            false => effect(2 + u32::from(oparg == 3), 1),
            true => effect(oparg, 1),
        },
        Op::BuildInterpolation => effect(2 + (oparg & 1), 1),
        Op::FormatValue => effect(1 + u32::from(oparg & 4 != 0), 1),
        Op::RaiseVarargs => effect(oparg, 0),
        Op::UnpackSequence => effect(1, oparg),
        Op::UnpackEx => effect(1, 1 + (oparg & 0xFF) + (oparg >> 8)),
        Op::LoadGlobal => effect(0, 1 + (oparg & 1)),
        Op::LoadSuperAttr => effect(3, 1 + (oparg & 1)),
        Op::Call => match features.method_call_shape {
            MethodCallShape::Precall => effect(1, 0),
            MethodCallShape::Flagged => effect(2 + oparg, 1),
        },
        Op::CallKw => effect(3 + oparg, 1),
        Op::LoadAttr => match features.method_call_shape {
            MethodCallShape::Precall => effect(1, 1),
            MethodCallShape::Flagged => effect(1, 1 + (oparg & 1)),
        },
        Op::CallFunctionEx => match features.call_function_ex_always_takes_kwargs {
            true => effect(4, 1),
            false => effect(3 + (oparg & 1), 1),
        },
        Op::MakeFunction => match features.function_attributes_by_instruction {
            true => effect(1, 1),
            false => effect(1 + oparg.count_ones(), 1),
        },
        Op::EndFor => effect(features.end_for_pops, 0),
        Op::GetIter => match features.iterator_shape {
            IteratorShape::Object => effect(1, 1),
            IteratorShape::Virtual => effect(1, 2),
        },
        Op::PopIter => match features.iterator_shape {
            IteratorShape::Object => effect(1, 0),
            IteratorShape::Virtual => effect(2, 0),
        },
        Op::EndSend => match features.iterator_shape {
            IteratorShape::Object => effect(2, 1),
            IteratorShape::Virtual => effect(3, 1),
        },
        Op::Precall => effect(oparg, 0),
        _ => unreachable!("{} has a fixed stack effect", op.name()),
    }
}

/// The effect where control continues at the target.
pub(crate) fn jump_effect_of(op: Op, oparg: u32, features: &Features) -> StackEffect {
    match op {
        Op::SetupFinally | Op::SetupWith => effect(0, 1),
        Op::SetupCleanup => effect(0, 2),
        Op::ForIter if features.end_for_pops == 0 => effect(1, 0),
        Op::Send if features.end_for_pops == 0 => effect(2, 1),
        Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop => effect(0, 0),
        _ => effect_of(op, oparg, features),
    }
}

/// What an instruction pops and pushes, where neither version nor oparg matters; else [`VARYING`].
///
/// Two bytes in one number: rustc makes a table of it, and the passes ask for every instruction.
#[inline]
const fn fixed_effect(op: Op) -> u16 {
    const fn effect(pops: u8, pushes: u8) -> u16 {
        u16::from_le_bytes([pops, pushes])
    }
    match op {
        Op::Nop | Op::Cache | Op::ExtendedArg | Op::Resume | Op::NotTaken | Op::KwNames => effect(0, 0),
        Op::CopyFreeVars | Op::MakeCell | Op::SetupAnnotations | Op::AnnotationsPlaceholder => effect(0, 0),
        Op::DeleteDeref | Op::DeleteFast | Op::DeleteGlobal | Op::DeleteName => effect(0, 0),
        Op::Jump | Op::JumpNoInterrupt | Op::JumpForward => effect(0, 0),
        Op::JumpBackward | Op::JumpBackwardNoInterrupt | Op::ReturnConst => effect(0, 0),
        Op::SetupFinally | Op::SetupCleanup | Op::SetupWith | Op::PopBlock => effect(0, 0),
        Op::PopTop | Op::PopExcept | Op::ReturnValue | Op::PrintExpr | Op::ImportStar => effect(1, 0),
        Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::PopJumpIfNone | Op::PopJumpIfNotNone => effect(1, 0),
        Op::PopJumpForwardIfFalse | Op::PopJumpForwardIfTrue => effect(1, 0),
        Op::PopJumpForwardIfNone | Op::PopJumpForwardIfNotNone => effect(1, 0),
        Op::PopJumpBackwardIfFalse | Op::PopJumpBackwardIfTrue => effect(1, 0),
        Op::PopJumpBackwardIfNone | Op::PopJumpBackwardIfNotNone => effect(1, 0),
        Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop => effect(1, 0),
        Op::StoreFast | Op::StoreFastMaybeNull | Op::StoreName | Op::StoreGlobal | Op::StoreDeref => {
            effect(1, 0)
        }
        Op::DeleteAttr | Op::ListAppend | Op::ListExtend | Op::SetAdd | Op::SetUpdate => effect(1, 0),
        Op::DictMerge | Op::DictUpdate | Op::Reraise => effect(1, 0),
        Op::StoreAttr | Op::DeleteSubscr | Op::MapAdd | Op::EndAsyncFor | Op::StoreFastStoreFast => {
            effect(2, 0)
        }
        Op::StoreSubscr => effect(3, 0),
        Op::StoreSlice => effect(4, 0),
        Op::LoadConst | Op::LoadSmallInt | Op::LoadCommonConstant | Op::LoadName | Op::LoadLocals => {
            effect(0, 1)
        }
        Op::LoadFast | Op::LoadFastCheck | Op::LoadFastAndClear | Op::LoadFastBorrow => effect(0, 1),
        Op::LoadDeref | Op::LoadClosure | Op::LoadClassderef | Op::LoadBuildClass => effect(0, 1),
        Op::LoadAssertionError | Op::PushNull | Op::Copy | Op::ReturnGenerator => effect(0, 1),
        Op::LoadFastLoadFast | Op::LoadFastBorrowLoadFastBorrow => effect(0, 2),
        Op::StoreFastLoadFast | Op::ToBool | Op::UnaryInvert | Op::UnaryNegative | Op::UnaryNot => {
            effect(1, 1)
        }
        Op::UnaryPositive | Op::CallIntrinsic1 | Op::ConvertValue | Op::FormatSimple => effect(1, 1),
        Op::GetAiter | Op::GetAwaitable | Op::GetYieldFromIter | Op::YieldValue => effect(1, 1),
        Op::LoadFromDictOrDeref | Op::LoadFromDictOrGlobals | Op::AsyncGenWrap | Op::ListToTuple => {
            effect(1, 1)
        }
        Op::JumpIfFalse | Op::JumpIfTrue => effect(1, 1),
        Op::GetAnext | Op::GetLen | Op::ImportFrom | Op::MatchMapping | Op::MatchSequence => effect(1, 2),
        Op::BeforeWith | Op::BeforeAsyncWith | Op::LoadSpecial | Op::PushExcInfo | Op::ForIter => {
            effect(1, 2)
        }
        Op::LoadMethod => effect(1, 2),
        Op::BinaryOp | Op::BinarySubscr | Op::CompareOp | Op::ContainsOp | Op::IsOp => effect(2, 1),
        Op::ImportName | Op::CallIntrinsic2 | Op::FormatWithSpec | Op::SetFunctionAttribute => effect(2, 1),
        Op::BuildTemplate | Op::PrepReraiseStar => effect(2, 1),
        Op::CheckExcMatch | Op::CheckEgMatch | Op::Send | Op::Swap => effect(2, 2),
        Op::MatchKeys => effect(2, 3),
        Op::MatchClass | Op::BinarySlice => effect(3, 1),
        Op::CleanupThrow => effect(3, 2),
        Op::WithExceptStart => effect(4, 5),
        _ => VARYING,
    }
}

const VARYING: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::{effect_of, jump_effect_of};
    use crate::op::Op;

    /// Those of which code generation makes others, those that only the interpreter runs, and the first and last of a
    /// frame, whose effect no one asks for: what they push or pop is another frame's in some versions.
    const NOT_ASKED_FOR: [Op; 7] = [
        Op::ExitInitCheck,
        Op::InterpreterExit,
        Op::LoadSuperMethod,
        Op::LoadZeroSuperAttr,
        Op::LoadZeroSuperMethod,
        Op::ReturnGenerator,
        Op::ReturnValue,
    ];

    #[test]
    fn effects_are_those_that_the_interpreters_tell() {
        for version in PyVersion::ALL {
            let features = version.features();
            let compiled =
                version.opcodes().instructions.iter().filter(|info| !NOT_ASKED_FOR.contains(&info.opcode));
            for info in compiled {
                let name = info.opcode.name();
                for oparg in 0..=8 {
                    let effect = effect_of(info.opcode, oparg, features);
                    let net = i64::from(effect.pushes) - i64::from(effect.pops);
                    assert_eq!(net, info.effect.of(oparg), "{name} {oparg} in {version}");
                    let effect = jump_effect_of(info.opcode, oparg, features);
                    let net = i64::from(effect.pushes) - i64::from(effect.pops);
                    assert_eq!(net, info.jump_effect.of(oparg), "{name} {oparg} in {version}, jumping");
                }
            }
        }
    }
}
