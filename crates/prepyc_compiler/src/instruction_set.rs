//! A version's numbers for the logical instructions, and how an instruction is laid out in bytes.

use prepyc_version::PyVersion;

use crate::op::Op;

/// What `assemble` knows of a version's instructions.
#[derive(Debug)]
pub(crate) struct InstructionSet {
    /// By logical instruction.
    encodings: [Option<Encoding>; Op::COUNT],
    extended_arg: u8,
    cache: u8,
}

/// An instruction of the version.
#[derive(Clone, Copy, Debug)]
struct Encoding {
    number: u8,
    cache_entries: u8,
}

impl InstructionSet {
    /// The instructions of that version.
    pub(crate) fn of(version: PyVersion) -> InstructionSet {
        let mut encodings = [None; Op::COUNT];
        for info in version.opcodes().instructions {
            if let Ok(number) = u8::try_from(info.number) {
                encodings[info.opcode as usize] = Some(Encoding { number, cache_entries: info.caches });
            }
        }
        let number_of = |op: Op| encodings[op as usize].expect("every version has it").number;
        let (extended_arg, cache) = (number_of(Op::ExtendedArg), number_of(Op::Cache));
        InstructionSet { encodings, extended_arg, cache }
    }

    fn encoding(&self, op: Op) -> Encoding {
        self.encodings[op as usize].unwrap_or_else(|| panic!("this version has no {}", op.name()))
    }

    /// Code units the instruction takes, EXTENDED_ARGs and cache entries included.
    pub(crate) fn size_of(&self, op: Op, oparg: u32) -> u32 {
        1 + extended_args(oparg) + u32::from(self.encoding(op).cache_entries)
    }

    /// Appends the instruction.
    pub(crate) fn write(&self, op: Op, oparg: u32, code: &mut Vec<u8>) {
        let encoding = self.encoding(op);
        let [rest @ .., low] = oparg.to_be_bytes();
        let count = extended_args(oparg) as usize;
        for &byte in &rest[rest.len() - count..] {
            code.extend([self.extended_arg, byte]);
        }
        code.extend([encoding.number, low]);
        for _ in 0..encoding.cache_entries {
            code.extend([self.cache, 0]);
        }
    }
}

/// How many EXTENDED_ARGs the oparg needs.
const fn extended_args(oparg: u32) -> u32 {
    (oparg > 0xFF) as u32 + (oparg > 0xFFFF) as u32 + (oparg > 0xFF_FFFF) as u32
}
