//! Instructions in `co_code`: two bytes each, longer opargs in prefixes, inline caches behind.

use prepyc_version::{Direction, InstructionInfo, Oparg, Opcode, PyVersion};

/// An instruction. Positions are in code units from the beginning of `co_code`.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    /// Where its first `EXTENDED_ARG` stands, else the instruction itself.
    pub start: u32,
    /// Where the instruction itself stands.
    pub position: u32,
    /// The number in `co_code`.
    pub number: u8,
    /// What the number means; nothing if the version has no such instruction.
    pub info: Option<&'static InstructionInfo>,
    /// The oparg, prefixes included.
    pub oparg: u32,
}

impl Instruction {
    /// Where the next instruction stands, behind this one's inline cache.
    pub fn next(&self) -> u32 {
        self.position + 1 + self.info.map_or(0, |info| u32::from(info.caches))
    }

    /// Where the instruction jumps to, if it does; nothing if that is before the beginning.
    pub fn jump_target(&self) -> Option<u32> {
        match self.info?.oparg {
            Oparg::Jump(Direction::Forward) => self.next().checked_add(self.oparg),
            Oparg::Jump(Direction::Backward) => self.next().checked_sub(self.oparg),
            _ => None,
        }
    }

    /// Appends the instruction as `co_code` has it: as few prefixes as it takes, the inline cache zeroed.
    pub fn encode_into(&self, version: PyVersion, code: &mut Vec<u8>) {
        let extended = version.opcodes().info(Opcode::ExtendedArg).map_or(0, |info| info.number as u8);
        for shift in [24, 16, 8] {
            if self.oparg >> shift != 0 {
                code.extend([extended, (self.oparg >> shift) as u8]);
            }
        }
        code.extend([self.number, self.oparg as u8]);
        let caches = self.info.map_or(0, |info| usize::from(info.caches));
        code.resize(code.len() + 2 * caches, 0);
    }
}

/// The instructions of some `co_code`.
#[derive(Clone, Debug)]
pub struct Instructions<'a> {
    code: &'a [u8],
    version: PyVersion,
    position: u32,
}

impl<'a> Instructions<'a> {
    /// Of this code, compiled for that version.
    pub const fn new(code: &'a [u8], version: PyVersion) -> Instructions<'a> {
        Instructions { code, version, position: 0 }
    }

    fn unit(&self, position: u32) -> Option<[u8; 2]> {
        self.code.get(position as usize * 2..)?.first_chunk().copied()
    }
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let table = self.version.opcodes();
        let start = self.position;
        let mut position = start;
        let mut oparg = 0;
        loop {
            let [number, low] = self.unit(position)?;
            oparg = oparg << 8 | u32::from(low);
            let info = table.by_number(number);
            let is_prefix = info.is_some_and(|info| info.opcode == Opcode::ExtendedArg);
            // A prefix with nothing behind it stands for itself.
            if !is_prefix || self.unit(position + 1).is_none() {
                let instruction = Instruction { start, position, number, info, oparg };
                self.position = instruction.next();
                return Some(instruction);
            }
            position += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(version: PyVersion, opcode: Opcode) -> u8 {
        version.opcodes().info(opcode).unwrap().number as u8
    }

    #[test]
    fn prefixes_and_caches_belong_to_their_instruction() {
        let version = PyVersion::Py313;
        let code = [
            [number(version, Opcode::ExtendedArg), 1],
            [number(version, Opcode::LoadGlobal), 2],
            [0, 0],
            [0, 0],
            [0, 0],
            [0, 0],
            [number(version, Opcode::PopJumpIfTrue), 3],
            [0, 0],
            [number(version, Opcode::JumpBackward), 4],
            [0, 0],
        ]
        .concat();
        let instructions: Vec<_> = Instructions::new(&code, version).collect();
        let seen: Vec<_> = instructions
            .iter()
            .map(|one| (one.info.unwrap().opcode, one.start, one.position, one.oparg, one.jump_target()))
            .collect();
        assert_eq!(
            seen,
            [
                (Opcode::LoadGlobal, 0, 1, 0x102, None),
                (Opcode::PopJumpIfTrue, 6, 6, 3, Some(11)),
                (Opcode::JumpBackward, 8, 8, 4, Some(6)),
            ]
        );
        let mut again = Vec::new();
        for instruction in &instructions {
            instruction.encode_into(version, &mut again);
        }
        assert_eq!(again, code);
    }

    #[test]
    fn any_bytes_are_instructions() {
        for version in PyVersion::ALL {
            let extended = number(version, Opcode::ExtendedArg);
            for code in [&[][..], &[1], &[extended, 1], &[extended; 12], &[255; 8], &[0; 7]] {
                let instructions: Vec<_> = Instructions::new(code, version).collect();
                assert!(instructions.len() * 2 <= code.len());
                for instruction in instructions {
                    assert_eq!(instruction.jump_target(), None);
                }
            }
        }
    }
}
