//! The graph from the instruction sequence: blocks begin where a label is jumped to, and after what ends a block.
//!
//! Mirrors `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`).

use super::{BasicBlockId, Cfg, Instruction};
use crate::op::{ControlFlow, Op};
use crate::sequence::{InstructionSequence, Operand, SequenceInstruction};

impl Cfg {
    /// Forgets the code object before and takes this one.
    ///
    /// # Panics
    /// If a label that is jumped to stands nowhere, or behind the last instruction.
    pub(crate) fn build(&mut self, sequence: &InstructionSequence) {
        self.in_use = 0;
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        targets.resize(sequence.len(), NOT_A_TARGET);
        for instruction in sequence.instructions() {
            if let Operand::Target(label) = instruction.operand {
                targets[sequence.place_of(label)] = A_TARGET;
            }
        }
        let mut current = self.new_block();
        for (index, instruction) in sequence.instructions().iter().enumerate() {
            if targets[index] == A_TARGET {
                current = self.begin_labelled_block(current);
                targets[index] = current.index() as u32;
            }
            if instruction.op == Op::AnnotationsPlaceholder {
                let code = sequence.annotations_code().map_or(&[][..], InstructionSequence::instructions);
                for instruction in code {
                    current = self.append_instruction(current, instruction);
                }
            } else {
                current = self.append_instruction(current, instruction);
            }
        }
        self.resolve_targets(sequence, &targets);
        self.targets = targets;
    }

    fn begin_labelled_block(&mut self, current: BasicBlockId) -> BasicBlockId {
        let block = &self[current];
        let begun =
            if block.is_empty() && !block.is_labelled { current } else { self.append_new_block(current) };
        self[begun].is_labelled = true;
        begun
    }

    fn append_instruction(
        &mut self,
        current: BasicBlockId,
        instruction: &SequenceInstruction,
    ) -> BasicBlockId {
        let ended = self[current].last().is_some_and(ends_block);
        let current = if ended { self.append_new_block(current) } else { current };
        let oparg = match instruction.operand {
            Operand::Oparg(oparg) => oparg,
            Operand::Target(_) => 0,
        };
        let mut appended = Instruction::new(instruction.op, oparg, instruction.location);
        if let Operand::Target(_) = instruction.operand {
            // Any block will do until all of them stand.
            appended.target = Some(current);
        }
        self[current].push_whole(appended);
        current
    }

    fn append_new_block(&mut self, current: BasicBlockId) -> BasicBlockId {
        let block = self.new_block();
        self[current].next = Some(block);
        block
    }

    fn resolve_targets(&mut self, sequence: &InstructionSequence, targets: &[u32]) {
        let mut labels = sequence.instructions().iter().filter_map(|instruction| match instruction.operand {
            Operand::Target(label) => Some(label),
            Operand::Oparg(_) => None,
        });
        for block in &mut self.blocks[..self.in_use] {
            for instruction in block.instructions_mut() {
                if instruction.target.is_some() {
                    let label = labels.next().expect("each jump has a label");
                    let block = targets[sequence.place_of(label)];
                    instruction.target = Some(BasicBlockId::new(block as usize));
                }
            }
        }
    }
}

const NOT_A_TARGET: u32 = u32::MAX;
const A_TARGET: u32 = u32::MAX - 1;

fn ends_block(instruction: &Instruction) -> bool {
    instruction.is_jump() || instruction.op.is_scope_exit()
}
