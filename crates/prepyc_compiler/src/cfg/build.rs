//! The graph from the instruction sequence: blocks begin where a label is jumped to, and after what ends a block.
//!
//! Mirrors `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`).

use super::{BasicBlockId, Cfg, Instruction};
use crate::op::{ControlFlow, Op};
use crate::sequence::{InstructionSequence, Operand, SequenceInstruction};

/// Where the graph has got to.
struct End {
    block: BasicBlockId,
    /// The block's last instruction jumps or leaves: nothing can follow it in there.
    is_closed: bool,
}

impl Cfg {
    /// Forgets the code object before and takes this one.
    ///
    /// # Panics
    /// If a label that is jumped to stands nowhere, or behind the last instruction.
    pub(crate) fn build(&mut self, sequence: &InstructionSequence) {
        self.in_use = 0;
        self.has_handlers = false;
        self.jumps.clear();
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        targets.resize(sequence.len(), NOT_A_TARGET);
        for instruction in sequence.instructions() {
            if let Operand::Target(label) = instruction.operand {
                targets[sequence.place_of(label)] = A_TARGET;
            }
        }
        let mut end = End { block: self.new_block(), is_closed: false };
        for (instruction, target) in sequence.instructions().iter().zip(&mut targets) {
            if *target == A_TARGET {
                self.begin_labelled_block(&mut end);
                *target = end.block.index() as u32;
            }
            if instruction.op == Op::AnnotationsPlaceholder {
                let code = sequence.annotations_code().map_or(&[][..], InstructionSequence::instructions);
                for instruction in code {
                    self.append_instruction(&mut end, instruction);
                }
            } else {
                self.append_instruction(&mut end, instruction);
            }
        }
        self.resolve_targets(sequence, &targets);
        self.targets = targets;
    }

    fn begin_labelled_block(&mut self, end: &mut End) {
        let block = &self[end.block];
        if !block.is_empty() || block.is_labelled {
            self.append_new_block(end);
        }
        self[end.block].is_labelled = true;
    }

    fn append_instruction(&mut self, end: &mut End, instruction: &SequenceInstruction) {
        if end.is_closed {
            self.append_new_block(end);
        }
        let mut appended = Instruction::new(instruction.op, 0, instruction.location);
        match instruction.operand {
            Operand::Oparg(oparg) => appended.oparg = oparg,
            Operand::Target(label) => {
                // Any block will do until all of them stand.
                appended.target = Some(end.block);
                let place = self[end.block].used as u32;
                self.jumps.push((end.block, place, label));
                self.has_handlers |= instruction.op.is_block_push();
            }
        }
        end.is_closed = appended.is_jump() || appended.op.is_scope_exit();
        self[end.block].push_whole(appended);
    }

    fn append_new_block(&mut self, end: &mut End) {
        let block = self.new_block();
        self[end.block].next = Some(block);
        *end = End { block, is_closed: false };
    }

    fn resolve_targets(&mut self, sequence: &InstructionSequence, targets: &[u32]) {
        for &(block, place, label) in &self.jumps {
            let target = targets[sequence.place_of(label)];
            let instruction = &mut self.blocks[block.index()].slots[place as usize];
            instruction.target = Some(BasicBlockId::new(target as usize));
        }
    }
}

const NOT_A_TARGET: u32 = u32::MAX;
const A_TARGET: u32 = u32::MAX - 1;
