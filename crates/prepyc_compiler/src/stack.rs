//! What an instruction takes from the value stack and leaves on it.
//!
//! Mirrors CPython's generated `_PyOpcode_num_popped` and `_PyOpcode_num_pushed`. Items an instruction merely reaches
//! over (`COPY`, `LIST_APPEND`) count on both sides there; here only what it really takes and leaves.

use prepyc_version::{Features, IteratorShape, MethodCallShape, PyVersion};

use crate::op::Op;

/// Items taken from the top of the stack, then items left there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StackEffect {
    pub(crate) pops: u32,
    pub(crate) pushes: u32,
}

impl StackEffect {
    /// How much deeper the stack is afterwards, in items.
    pub(crate) const fn growth(self) -> i32 {
        self.pushes as i32 - self.pops as i32
    }
}

const fn effect(pops: u32, pushes: u32) -> StackEffect {
    StackEffect { pops, pushes }
}

/// What the instructions of a version take and leave, by instruction: the passes ask for every one of them, and a
/// branch on which it is would not be foreseen.
#[derive(Debug)]
pub(crate) struct StackEffects {
    onwards: [Row; Op::COUNT],
    jumping: [Row; Op::COUNT],
}

/// The effect of an instruction, as far as it is a fixed number and some bits of the oparg. Small and aligned: one load.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
struct Row {
    /// The bits of the oparg that count what is popped or pushed besides: none, [`FLAG`] or [`ALL`].
    counting: i8,
    pops: u8,
    pushes: u8,
    /// How many items are popped for each that the oparg counts.
    pops_each: u8,
    /// How many items are pushed for each that the oparg counts.
    pushes_each: u8,
    /// How much deeper the stack is afterwards, leaving out what the oparg counts.
    growth: i8,
    /// How much deeper the stack is for each that the oparg counts.
    growth_each: i8,
    /// Told by [`irregular_effect`].
    is_irregular: bool,
}

/// The oparg as a whole is a count.
const ALL: i8 = -1;
/// The oparg's lowest bit says whether there is one more.
const FLAG: i8 = 1;

impl Row {
    const fn fixed(pops: u8, pushes: u8) -> Row {
        Row {
            counting: 0,
            pops,
            pushes,
            pops_each: 0,
            pushes_each: 0,
            growth: pushes as i8 - pops as i8,
            growth_each: 0,
            is_irregular: false,
        }
    }

    const IRREGULAR: Row = Row { is_irregular: true, ..Row::fixed(0, 0) };

    /// Pops that many more for each that the oparg counts.
    const fn popping(self, each: u8, counting: i8) -> Row {
        Row { counting, pops_each: each, growth_each: -(each as i8), ..self }
    }

    /// Pushes one more for each that the oparg counts.
    const fn pushing(self, counting: i8) -> Row {
        Row { counting, pushes_each: 1, growth_each: 1, ..self }
    }

    #[inline]
    fn effect(self, op: Op, oparg: u32) -> StackEffect {
        if self.is_irregular {
            return irregular_effect(op, oparg);
        }
        let count = self.count(oparg);
        StackEffect {
            pops: u32::from(self.pops) + count * u32::from(self.pops_each),
            pushes: u32::from(self.pushes) + count * u32::from(self.pushes_each),
        }
    }

    #[inline]
    fn growth(self, op: Op, oparg: u32) -> i32 {
        if self.is_irregular {
            return irregular_effect(op, oparg).growth();
        }
        i32::from(self.growth) + self.count(oparg) as i32 * i32::from(self.growth_each)
    }

    /// What the oparg counts; -1 means all of its bits.
    #[inline]
    const fn count(self, oparg: u32) -> u32 {
        oparg & self.counting as i32 as u32
    }
}

impl StackEffects {
    /// Those of that version.
    pub(crate) fn of(version: PyVersion) -> StackEffects {
        let features = version.features();
        let mut effects =
            StackEffects { onwards: [Row::IRREGULAR; Op::COUNT], jumping: [Row::IRREGULAR; Op::COUNT] };
        for info in version.opcodes().instructions {
            let op = info.opcode;
            let onwards = row_of(op, features);
            effects.onwards[op as usize] = onwards;
            effects.jumping[op as usize] = jump_row_of(op, features).unwrap_or(onwards);
        }
        effects
    }

    /// The effect where control continues with the next instruction.
    #[inline]
    pub(crate) fn onwards(&self, op: Op, oparg: u32) -> StackEffect {
        self.onwards[op as usize].effect(op, oparg)
    }

    /// How much deeper the stack is where control continues with the next instruction.
    #[inline]
    pub(crate) fn growth(&self, op: Op, oparg: u32) -> i32 {
        self.onwards[op as usize].growth(op, oparg)
    }

    /// The effect where control continues at the target.
    #[inline]
    pub(crate) fn jumping(&self, op: Op, oparg: u32) -> StackEffect {
        self.jumping[op as usize].effect(op, oparg)
    }
}

/// The effect of those for which the oparg is no plain count.
#[cold]
fn irregular_effect(op: Op, oparg: u32) -> StackEffect {
    match op {
        Op::BuildSlice => effect(2 + u32::from(oparg == 3), 1),
        Op::FormatValue => effect(1 + u32::from(oparg & 4 != 0), 1),
        Op::UnpackEx => effect(1, 1 + (oparg & 0xFF) + (oparg >> 8)),
        Op::MakeFunction => effect(1 + oparg.count_ones(), 1),
        _ => unreachable!("{} has no stack effect", op.name()),
    }
}

/// The row of an instruction where control continues with the next one.
fn row_of(op: Op, features: &Features) -> Row {
    match op {
        Op::BuildTuple | Op::BuildList | Op::BuildSet | Op::BuildString => Row::fixed(0, 1).popping(1, ALL),
        Op::BuildMap => Row::fixed(0, 1).popping(2, ALL),
        Op::BuildConstKeyMap => Row::fixed(1, 1).popping(1, ALL),
        Op::BuildSlice if features.build_slice_counts_any => Row::fixed(0, 1).popping(1, ALL),
        Op::BuildInterpolation => Row::fixed(2, 1).popping(1, FLAG),
        Op::RaiseVarargs | Op::Precall => Row::fixed(0, 0).popping(1, ALL),
        Op::UnpackSequence => Row::fixed(1, 0).pushing(ALL),
        Op::LoadGlobal => Row::fixed(0, 1).pushing(FLAG),
        Op::LoadSuperAttr => Row::fixed(3, 1).pushing(FLAG),
        Op::Call => match features.method_call_shape {
            MethodCallShape::Precall => Row::fixed(1, 0),
            MethodCallShape::Flagged => Row::fixed(2, 1).popping(1, ALL),
        },
        Op::CallKw => Row::fixed(3, 1).popping(1, ALL),
        Op::LoadAttr => match features.method_call_shape {
            MethodCallShape::Precall => Row::fixed(1, 1),
            MethodCallShape::Flagged => Row::fixed(1, 1).pushing(FLAG),
        },
        Op::CallFunctionEx => match features.call_function_ex_always_takes_kwargs {
            true => Row::fixed(4, 1),
            false => Row::fixed(3, 1).popping(1, FLAG),
        },
        Op::MakeFunction if features.function_attributes_by_instruction => Row::fixed(1, 1),
        Op::EndFor => Row::fixed(features.end_for_pops as u8, 0),
        Op::GetIter => match features.iterator_shape {
            IteratorShape::Object => Row::fixed(1, 1),
            IteratorShape::Virtual => Row::fixed(1, 2),
        },
        Op::PopIter => match features.iterator_shape {
            IteratorShape::Object => Row::fixed(1, 0),
            IteratorShape::Virtual => Row::fixed(2, 0),
        },
        Op::EndSend => match features.iterator_shape {
            IteratorShape::Object => Row::fixed(2, 1),
            IteratorShape::Virtual => Row::fixed(3, 1),
        },
        _ => fixed_row_of(op).unwrap_or(Row::IRREGULAR),
    }
}

/// The row of an instruction where control continues at the target, if that makes a difference.
fn jump_row_of(op: Op, features: &Features) -> Option<Row> {
    match op {
        Op::SetupFinally | Op::SetupWith => Some(Row::fixed(0, 1)),
        Op::SetupCleanup => Some(Row::fixed(0, 2)),
        Op::ForIter if features.end_for_pops == 0 => Some(Row::fixed(1, 0)),
        Op::Send if features.end_for_pops == 0 => Some(Row::fixed(2, 1)),
        Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop => Some(Row::fixed(0, 0)),
        _ => None,
    }
}

/// The row of an instruction for which neither version nor oparg matters.
fn fixed_row_of(op: Op) -> Option<Row> {
    let row = match op {
        Op::Nop | Op::Cache | Op::ExtendedArg | Op::Resume | Op::NotTaken | Op::KwNames => Row::fixed(0, 0),
        Op::CopyFreeVars | Op::MakeCell | Op::SetupAnnotations | Op::AnnotationsPlaceholder => {
            Row::fixed(0, 0)
        }
        Op::DeleteDeref | Op::DeleteFast | Op::DeleteGlobal | Op::DeleteName => Row::fixed(0, 0),
        Op::Jump | Op::JumpNoInterrupt | Op::JumpForward => Row::fixed(0, 0),
        Op::JumpBackward | Op::JumpBackwardNoInterrupt | Op::ReturnConst => Row::fixed(0, 0),
        Op::SetupFinally | Op::SetupCleanup | Op::SetupWith | Op::PopBlock => Row::fixed(0, 0),
        Op::PopTop | Op::PopExcept | Op::ReturnValue | Op::PrintExpr | Op::ImportStar => Row::fixed(1, 0),
        Op::PopJumpIfFalse | Op::PopJumpIfTrue | Op::PopJumpIfNone | Op::PopJumpIfNotNone => Row::fixed(1, 0),
        Op::PopJumpForwardIfFalse | Op::PopJumpForwardIfTrue => Row::fixed(1, 0),
        Op::PopJumpForwardIfNone | Op::PopJumpForwardIfNotNone => Row::fixed(1, 0),
        Op::PopJumpBackwardIfFalse | Op::PopJumpBackwardIfTrue => Row::fixed(1, 0),
        Op::PopJumpBackwardIfNone | Op::PopJumpBackwardIfNotNone => Row::fixed(1, 0),
        Op::JumpIfFalseOrPop | Op::JumpIfTrueOrPop => Row::fixed(1, 0),
        Op::StoreFast | Op::StoreFastMaybeNull | Op::StoreName | Op::StoreGlobal | Op::StoreDeref => {
            Row::fixed(1, 0)
        }
        Op::DeleteAttr | Op::ListAppend | Op::ListExtend | Op::SetAdd | Op::SetUpdate => Row::fixed(1, 0),
        Op::DictMerge | Op::DictUpdate | Op::Reraise => Row::fixed(1, 0),
        Op::StoreAttr | Op::DeleteSubscr | Op::MapAdd | Op::EndAsyncFor | Op::StoreFastStoreFast => {
            Row::fixed(2, 0)
        }
        Op::StoreSubscr => Row::fixed(3, 0),
        Op::StoreSlice => Row::fixed(4, 0),
        Op::LoadConst | Op::LoadSmallInt | Op::LoadCommonConstant | Op::LoadName | Op::LoadLocals => {
            Row::fixed(0, 1)
        }
        Op::LoadFast | Op::LoadFastCheck | Op::LoadFastAndClear | Op::LoadFastBorrow => Row::fixed(0, 1),
        Op::LoadDeref | Op::LoadClosure | Op::LoadClassderef | Op::LoadBuildClass => Row::fixed(0, 1),
        Op::LoadAssertionError | Op::PushNull | Op::Copy | Op::ReturnGenerator => Row::fixed(0, 1),
        Op::LoadFastLoadFast | Op::LoadFastBorrowLoadFastBorrow => Row::fixed(0, 2),
        Op::StoreFastLoadFast | Op::ToBool | Op::UnaryInvert | Op::UnaryNegative | Op::UnaryNot => {
            Row::fixed(1, 1)
        }
        Op::UnaryPositive | Op::CallIntrinsic1 | Op::ConvertValue | Op::FormatSimple => Row::fixed(1, 1),
        Op::GetAiter | Op::GetAwaitable | Op::GetYieldFromIter | Op::YieldValue => Row::fixed(1, 1),
        Op::LoadFromDictOrDeref | Op::LoadFromDictOrGlobals | Op::AsyncGenWrap | Op::ListToTuple => {
            Row::fixed(1, 1)
        }
        Op::JumpIfFalse | Op::JumpIfTrue => Row::fixed(1, 1),
        Op::GetAnext | Op::GetLen | Op::ImportFrom | Op::MatchMapping | Op::MatchSequence => Row::fixed(1, 2),
        Op::BeforeWith | Op::BeforeAsyncWith | Op::LoadSpecial | Op::PushExcInfo | Op::ForIter => {
            Row::fixed(1, 2)
        }
        Op::LoadMethod => Row::fixed(1, 2),
        Op::BinaryOp | Op::BinarySubscr | Op::CompareOp | Op::ContainsOp | Op::IsOp => Row::fixed(2, 1),
        Op::ImportName | Op::CallIntrinsic2 | Op::FormatWithSpec | Op::SetFunctionAttribute => {
            Row::fixed(2, 1)
        }
        Op::BuildTemplate | Op::PrepReraiseStar => Row::fixed(2, 1),
        Op::CheckExcMatch | Op::CheckEgMatch | Op::Send | Op::Swap => Row::fixed(2, 2),
        Op::MatchKeys => Row::fixed(2, 3),
        Op::MatchClass | Op::BinarySlice => Row::fixed(3, 1),
        Op::CleanupThrow => Row::fixed(3, 2),
        Op::WithExceptStart => Row::fixed(4, 5),
        _ => return None,
    };
    Some(row)
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::StackEffects;
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
            let effects = StackEffects::of(version);
            let compiled =
                version.opcodes().instructions.iter().filter(|info| !NOT_ASKED_FOR.contains(&info.opcode));
            for info in compiled {
                let name = info.opcode.name();
                for oparg in 0..=8 {
                    let effect = effects.onwards(info.opcode, oparg);
                    let net = i64::from(effect.pushes) - i64::from(effect.pops);
                    assert_eq!(net, info.effect.of(oparg), "{name} {oparg} in {version}");
                    let effect = effects.jumping(info.opcode, oparg);
                    let net = i64::from(effect.pushes) - i64::from(effect.pops);
                    assert_eq!(net, info.jump_effect.of(oparg), "{name} {oparg} in {version}, jumping");
                }
            }
        }
    }
}
