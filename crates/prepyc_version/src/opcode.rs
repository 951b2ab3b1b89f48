//! Instructions: what each is called, its number in each version, and what its oparg means.
//!
//! The tables are generated from recorded facts; this file says what the columns mean.

pub use crate::tables::opcode::Opcode;

/// The instruction set of a version, and the lists that opargs index.
#[derive(Debug)]
pub struct OpcodeTable {
    /// All instructions: the real ones by number, then those that only the compiler uses.
    pub instructions: &'static [InstructionInfo],
    /// Comparison operators, in the order of `COMPARE_OP`.
    pub compare_ops: &'static [&'static str],
    /// Binary operators by oparg of `BINARY_OP`: CPython's name (`NB_ADD`) and the operator.
    pub binary_ops: &'static [(&'static str, &'static str)],
    /// Functions by oparg of `CALL_INTRINSIC_1`; empty where the version has no such instruction.
    pub intrinsics_1: &'static [&'static str],
    /// Functions by oparg of `CALL_INTRINSIC_2`.
    pub intrinsics_2: &'static [&'static str],
    /// Methods by oparg of `LOAD_SPECIAL`.
    pub special_methods: &'static [&'static str],
    /// Objects by oparg of `LOAD_COMMON_CONSTANT`: names of classes and functions, `repr` of others.
    pub common_constants: &'static [&'static str],
    /// The bits of `co_flags` that have a name, without the `CO_`.
    pub code_flags: &'static [(u32, &'static str)],
    /// By number: the position in `instructions`, or 255.
    pub(crate) by_number: &'static [u8; 256],
    /// By [`Opcode`]: the position in `instructions`, or 255.
    pub(crate) by_opcode: &'static [u8; Opcode::COUNT],
}

/// An instruction of one version.
#[derive(Debug)]
pub struct InstructionInfo {
    /// Which instruction of the union of all versions.
    pub opcode: Opcode,
    /// The number; from 256 on for those that only the compiler uses.
    pub number: u16,
    /// How many code units of inline cache follow it.
    pub caches: u8,
    /// What its oparg means.
    pub oparg: Oparg,
    /// How much the value stack grows if it does not jump.
    pub effect: StackEffect,
    /// How much the value stack grows if it jumps (or, for the `SETUP_*` ones, in the handler).
    pub jump_effect: StackEffect,
}

/// What an instruction's oparg means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oparg {
    /// Nothing: the instruction has none.
    Unused,
    /// A number or bits that `dis` does not explain.
    Number,
    /// An index into `co_consts`.
    Const,
    /// An index into `co_names`, after `shift` low bits of another meaning.
    Name {
        /// How many low bits do not belong to the index.
        shift: u8,
        /// By those bits: how `dis` shows the name, which stands in the place of `{}`.
        shown: &'static [&'static str],
    },
    /// An index into `co_localsplusnames`.
    Local,
    /// Two indices into `co_localsplusnames`, of four bits each, the first in the high ones.
    LocalPair,
    /// A distance in code units from the next instruction (after its cache).
    Jump(Direction),
    /// A block of the compiler's: where exceptions are handled.
    Handler,
    /// One of a list.
    Words {
        /// By oparg: what `dis` shows.
        shown: &'static [&'static str],
        /// What larger opargs mean.
        beyond: Beyond,
    },
}

/// Where a jump leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Forward,
    /// Towards the beginning.
    Backward,
}

/// What opargs mean that are too large for the list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Nothing.
    Nothing,
    /// What the last of the list means.
    Last,
    /// The list begins again.
    Period,
}

/// How much the value stack grows, given the oparg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackEffect {
    /// By that much, whatever the oparg.
    Constant(i8),
    /// By `base + slope * oparg`.
    Linear {
        /// With oparg zero.
        base: i8,
        /// For each one more.
        slope: i8,
    },
    /// By `base` and the sum of the oparg's low byte and the rest (`UNPACK_EX`).
    ByteSum {
        /// With oparg zero.
        base: i8,
    },
    /// By what the list says of the oparg's low bits; its length is a power of two.
    Period(&'static [i8]),
    /// By what the list says of the oparg, and by its last entry for all larger ones.
    List(&'static [i8]),
}

impl OpcodeTable {
    /// What the number means, if this version has such an instruction.
    pub fn by_number(&self, number: u8) -> Option<&'static InstructionInfo> {
        self.instructions.get(usize::from(self.by_number[usize::from(number)]))
    }

    /// What the instruction is in this version, if it has it.
    pub fn info(&self, opcode: Opcode) -> Option<&'static InstructionInfo> {
        self.instructions.get(usize::from(self.by_opcode[opcode as usize]))
    }
}

impl StackEffect {
    /// How much the value stack grows with that oparg.
    pub fn of(self, oparg: u32) -> i64 {
        let at = |list: &[i8], index: usize| i64::from(list[index.min(list.len() - 1)]);
        match self {
            StackEffect::Constant(effect) => i64::from(effect),
            StackEffect::Linear { base, slope } => i64::from(base) + i64::from(slope) * i64::from(oparg),
            StackEffect::ByteSum { base } => {
                i64::from(base) + i64::from(oparg & 0xFF) + i64::from(oparg >> 8)
            }
            StackEffect::Period(list) => at(list, oparg as usize % list.len()),
            StackEffect::List(list) => at(list, oparg as usize),
        }
    }
}

impl Oparg {
    /// Whether the instruction has an oparg.
    pub fn is_used(self) -> bool {
        self != Oparg::Unused
    }

    /// The word of a [`Oparg::Words`] list for that oparg.
    pub fn word(self, oparg: u32) -> Option<&'static str> {
        let Oparg::Words { shown, beyond } = self else { return None };
        let index = oparg as usize;
        match (shown.get(index), beyond) {
            (Some(word), _) => Some(word),
            (None, Beyond::Nothing) => None,
            (None, Beyond::Last) => shown.last().copied(),
            (None, Beyond::Period) => shown.get(index % shown.len()).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PyVersion;

    #[test]
    fn every_instruction_is_found_both_ways() {
        for version in PyVersion::ALL {
            let table = version.opcodes();
            for info in table.instructions {
                assert_eq!(table.info(info.opcode).map(|found| found.number), Some(info.number));
                if let Ok(number) = u8::try_from(info.number) {
                    assert_eq!(table.by_number(number).map(|found| found.opcode), Some(info.opcode));
                }
            }
            assert!(table.info(Opcode::LoadConst).is_some());
        }
        assert!(PyVersion::Py311.opcodes().info(Opcode::ToBool).is_none());
        assert!(PyVersion::Py311.opcodes().by_number(255).is_none());
    }

    /// Some effects that `dis.stack_effect` gave, at opargs far from those recorded.
    #[test]
    fn stack_effects_reach_beyond_what_was_recorded() {
        let effect = |version: PyVersion, opcode, oparg| {
            version.opcodes().info(opcode).expect("in the table").effect.of(oparg)
        };
        assert_eq!(effect(PyVersion::Py311, Opcode::BuildTuple, 1000), -999);
        assert_eq!(effect(PyVersion::Py313, Opcode::UnpackEx, 0x305), 8);
        assert_eq!(effect(PyVersion::Py313, Opcode::LoadGlobal, 1001), 2);
        assert_eq!(effect(PyVersion::Py311, Opcode::BuildSlice, 3), -2);
        assert_eq!(effect(PyVersion::Py311, Opcode::BuildSlice, 2), -1);
        assert_eq!(effect(PyVersion::Py311, Opcode::MakeFunction, 7), -3);
    }

    #[test]
    fn words_are_told_by_oparg() {
        let word = |version: PyVersion, opcode, oparg| {
            version.opcodes().info(opcode).expect("in the table").oparg.word(oparg)
        };
        assert_eq!(word(PyVersion::Py311, Opcode::BinaryOp, 0), Some("+"));
        assert_eq!(word(PyVersion::Py311, Opcode::BinaryOp, 26), None);
        assert_eq!(word(PyVersion::Py314, Opcode::BinaryOp, 26), Some("[]"));
        assert_eq!(word(PyVersion::Py314, Opcode::ContainsOp, 1), Some("not in"));
        assert_eq!(word(PyVersion::Py311, Opcode::FormatValue, 5), Some("str, with format"));
    }
}
