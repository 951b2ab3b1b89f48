//! A version's numbers for the logical instructions, and how an instruction is laid out in bytes.

use prepyc_version::PyVersion;

use crate::op::Op;

/// What `assemble` knows of a version's instructions.
#[derive(Debug)]
pub(crate) struct InstructionSet {
    /// By logical instruction.
    encodings: [Option<Encoding>; Op::COUNT],
    extended_arg: u8,
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
        let extended_arg = number_of(Op::ExtendedArg);
        assert!(number_of(Op::Cache) == 0, "cache entries are zeroes");
        InstructionSet { encodings, extended_arg }
    }

    fn encoding(&self, op: Op) -> Encoding {
        self.encodings[op as usize].unwrap_or_else(|| panic!("this version has no {}", op.name()))
    }

    /// Code units the instruction takes, EXTENDED_ARGs and cache entries included.
    pub(crate) fn size_of(&self, op: Op, oparg: u32) -> u8 {
        1 + extended_args(oparg) + self.encoding(op).cache_entries
    }

    /// Writes the instruction over the zeroes at the head of `code`, which become its cache entries.
    pub(crate) fn write(&self, op: Op, oparg: u32, code: &mut [u8]) {
        let number = self.encoding(op).number;
        if oparg <= 0xFF {
            code[..2].copy_from_slice(&[number, oparg as u8]);
            return;
        }
        let [rest @ .., low] = oparg.to_be_bytes();
        let count = usize::from(extended_args(oparg));
        let (extensions, own) = code.split_at_mut(2 * count);
        for (unit, &byte) in extensions.chunks_exact_mut(2).zip(&rest[rest.len() - count..]) {
            unit.copy_from_slice(&[self.extended_arg, byte]);
        }
        own[..2].copy_from_slice(&[number, low]);
    }
}

/// How many EXTENDED_ARGs the oparg needs.
const fn extended_args(oparg: u32) -> u8 {
    (oparg > 0xFF) as u8 + (oparg > 0xFFFF) as u8 + (oparg > 0xFF_FFFF) as u8
}
