//! A version's numbers for the logical instructions, and how an instruction is laid out in bytes.

use prepyc_version::PyVersion;

use crate::op::Op;

/// Bytes enough for any instruction with its EXTENDED_ARGs and cache entries.
pub(crate) const ROOM: usize = 32;

/// What `assemble` knows of a version's instructions.
#[derive(Debug)]
pub(crate) struct InstructionSet {
    /// By logical instruction; without code units where the version has none of that name.
    encodings: [Encoding; Op::COUNT],
    extended_arg: u8,
}

/// An instruction of the version.
#[derive(Clone, Copy, Debug)]
struct Encoding {
    number: u8,
    /// Code units, cache entries included.
    units: u8,
}

impl InstructionSet {
    /// The instructions of that version.
    pub(crate) fn of(version: PyVersion) -> InstructionSet {
        let mut encodings = [Encoding { number: 0, units: 0 }; Op::COUNT];
        for info in version.opcodes().instructions {
            if let Ok(number) = u8::try_from(info.number) {
                encodings[info.opcode as usize] = Encoding { number, units: 1 + info.caches };
            }
        }
        let largest = encodings.iter().map(|encoding| usize::from(encoding.units)).max().unwrap_or(0);
        assert!(2 * (MAX_EXTENDED_ARGS + largest) <= ROOM, "there is room for every instruction");
        let number_of = |op: Op| encodings[op as usize].number;
        let extended_arg = number_of(Op::ExtendedArg);
        assert!(number_of(Op::Cache) == 0, "cache entries are zeroes");
        InstructionSet { encodings, extended_arg }
    }

    /// Code units the instruction takes, EXTENDED_ARGs and cache entries included.
    ///
    /// # Panics
    /// If the version does not have it.
    #[inline]
    pub(crate) fn size_of(&self, op: Op, oparg: u32) -> u32 {
        let units = self.encodings[op as usize].units;
        assert!(units != 0, "this version has no {}", op.name());
        let extensions = if oparg > 0xFF { extended_args(oparg) } else { 0 };
        u32::from(units) + extensions
    }

    /// Writes the instruction at the head of `code`, which has [`ROOM`] for it, what is behind it becoming zeroes; gives
    /// its size.
    ///
    /// # Panics
    /// If the version does not have it.
    #[inline]
    pub(crate) fn write(&self, op: Op, oparg: u32, code: &mut [u8]) -> u32 {
        let Encoding { number, units } = self.encodings[op as usize];
        assert!(units != 0, "this version has no {}", op.name());
        let code = code.first_chunk_mut::<ROOM>().expect("there is room for an instruction");
        // All of it at once is quicker than as many cache entries as there are.
        code.fill(0);
        if oparg > 0xFF {
            return u32::from(units) + self.write_extended(number, oparg, code);
        }
        code[..2].copy_from_slice(&[number, oparg as u8]);
        units.into()
    }

    /// Writes an instruction with as many EXTENDED_ARGs as it needs; says how many.
    #[cold]
    fn write_extended(&self, number: u8, oparg: u32, code: &mut [u8]) -> u32 {
        let [rest @ .., low] = oparg.to_be_bytes();
        let count = extended_args(oparg);
        let (extensions, own) = code.split_at_mut(2 * count as usize);
        for (unit, &byte) in extensions.chunks_exact_mut(2).zip(&rest[rest.len() - count as usize..]) {
            unit.copy_from_slice(&[self.extended_arg, byte]);
        }
        own[..2].copy_from_slice(&[number, low]);
        count
    }
}

/// EXTENDED_ARGs that the largest oparg needs.
const MAX_EXTENDED_ARGS: usize = extended_args(u32::MAX) as usize;

/// How many EXTENDED_ARGs the oparg needs.
const fn extended_args(oparg: u32) -> u32 {
    (oparg > 0xFF) as u32 + (oparg > 0xFFFF) as u32 + (oparg > 0xFF_FFFF) as u32
}
