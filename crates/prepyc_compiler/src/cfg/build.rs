//! The graph from the instruction sequence: blocks begin where a label is jumped to, and after what ends a block.
//!
//! Mirrors `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{BasicBlockId, Cfg, Instruction};
use crate::op::{ControlFlow, Op};
use crate::sequence::{InstructionSequence, Operand, SequenceInstruction};

/// The block that is being filled; it gets its instructions when the next one begins.
struct End {
    block: BasicBlockId,
    slots: Vec<Instruction>,
    contents: Contents,
    is_labelled: bool,
    /// The last instruction jumps or leaves: nothing can follow it in there.
    is_closed: bool,
}

impl Cfg {
    /// Forgets the code object before and takes this one.
    ///
    /// # Panics
    /// If a label that is jumped to stands nowhere, or behind the last instruction.
    #[inline(never)]
    pub(crate) fn build(&mut self, sequence: &InstructionSequence) {
        self.in_use = 0;
        self.has_handlers = false;
        self.edges_changed = true;
        self.jumps.clear();
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        targets.resize(sequence.len(), NOT_A_TARGET);
        sequence.targets().for_each(|place| targets[place] = A_TARGET);
        let mut end = self.begin_block();
        for (instruction, target) in sequence.instructions().iter().zip(&mut targets) {
            if *target == A_TARGET {
                if !end.slots.is_empty() || end.is_labelled {
                    self.begin_next_block(&mut end);
                }
                end.is_labelled = true;
                *target = end.block.index() as u32;
            }
            if instruction.op == Op::AnnotationsPlaceholder {
                let code = sequence.annotations_code().map_or(&[][..], InstructionSequence::instructions);
                code.iter().for_each(|instruction| self.append(&mut end, instruction));
            } else {
                self.append(&mut end, instruction);
            }
        }
        self.end_block(end);
        self.resolve_targets(sequence, &targets);
        self.targets = targets;
    }

    #[inline]
    fn append(&mut self, end: &mut End, instruction: &SequenceInstruction) {
        if end.is_closed {
            self.begin_next_block(end);
        }
        let (op, location) = (instruction.op, instruction.location);
        let mut appended = Instruction::new(op, 0, location);
        match instruction.operand {
            Operand::Oparg(oparg) => {
                appended.oparg = oparg;
                end.is_closed = op.is_scope_exit();
            }
            Operand::Target(label) => {
                // Any block will do until all of them stand.
                appended.target = Some(end.block);
                self.jumps.push((end.block, end.slots.len() as u32, label));
                self.has_handlers |= op.is_block_push();
                end.is_closed = !op.is_block_push();
            }
        }
        end.contents.insert(Contents::of(&appended));
        end.slots.push(appended);
    }

    fn begin_block(&mut self) -> End {
        let block = self.new_block();
        let slots = std::mem::take(&mut self[block].slots);
        End { block, slots, contents: Contents::NOTHING, is_labelled: false, is_closed: false }
    }

    fn end_block(&mut self, end: End) {
        let block = &mut self[end.block];
        block.used = end.slots.len();
        block.slots = end.slots;
        block.contents = end.contents;
        block.is_labelled = end.is_labelled;
    }

    fn begin_next_block(&mut self, end: &mut End) {
        let next = self.begin_block();
        self[end.block].next = Some(next.block);
        self.end_block(std::mem::replace(end, next));
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
