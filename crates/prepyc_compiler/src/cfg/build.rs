//! The graph from the instruction sequence: blocks begin where a label is jumped to, and after what ends a block.
//!
//! Mirrors `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`).

use super::contents::Contents;
use super::{BasicBlock, BasicBlockId, Cfg, Instruction};
use crate::op::{ControlFlow, Op};
use crate::sequence::{InstructionSequence, Operand, SequenceInstruction};

impl Cfg {
    /// Forgets the code object before and takes this one.
    ///
    /// # Panics
    /// If a label that is jumped to stands nowhere, or behind the last instruction.
    #[inline(never)]
    pub(crate) fn build(&mut self, sequence: &InstructionSequence) {
        self.has_handlers = false;
        self.edges_changed = true;
        let instructions = sequence.instructions();
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        targets.resize(instructions.len(), NOT_A_TARGET);
        sequence.targets().for_each(|place| targets[place] = A_TARGET);
        let mut ends = std::mem::take(&mut self.ends);
        find_ends(instructions, &mut targets, &mut ends);
        self.in_use = ends.len();
        if self.blocks.len() < ends.len() {
            self.blocks.resize_with(ends.len(), BasicBlock::default);
        }
        let mut start = 0;
        for (index, &end) in ends.iter().enumerate() {
            let found = &instructions[start..end as usize];
            let block = &mut self.blocks[index];
            block.reset();
            block.is_labelled = targets.get(start).is_some_and(|&target| target != NOT_A_TARGET);
            block.next = (index + 1 < ends.len()).then(|| BasicBlockId::new(index + 1));
            let block_of = |label| BasicBlockId::new(targets[sequence.place_of(label)] as usize);
            let mut contents = Contents::NOTHING;
            block.slots.extend(found.iter().map(|instruction| {
                contents.insert(Contents::of_parts(instruction.op, instruction.location));
                let (oparg, target) = match instruction.operand {
                    Operand::Oparg(oparg) => (oparg, None),
                    Operand::Target(label) => (0, Some(block_of(label))),
                };
                Instruction {
                    op: instruction.op,
                    oparg,
                    location: instruction.location,
                    target,
                    handler: None,
                }
            }));
            block.contents = contents;
            if block.contents.has(Contents::PLACEHOLDER) {
                block.put_annotations(sequence);
            }
            block.used = block.slots.len();
            self.has_handlers |= block.contents.has(Contents::SETUP);
            start = end as usize;
        }
        self.ends = ends;
        self.targets = targets;
    }
}

impl BasicBlock {
    /// Replaces the placeholder by the annotations' own instructions, which neither jump nor leave.
    #[cold]
    fn put_annotations(&mut self, sequence: &InstructionSequence) {
        let code = sequence.annotations_code().map_or(&[][..], InstructionSequence::instructions);
        let code = code.iter().map(|found| match found.operand {
            Operand::Oparg(oparg) => Instruction::new(found.op, oparg, found.location),
            Operand::Target(_) => unreachable!("annotations have no labels"),
        });
        let place = self.slots.iter().position(|found| found.op == Op::AnnotationsPlaceholder);
        let place = place.expect("there is a placeholder");
        self.slots.splice(place..=place, code);
        self.contents = self.slots.iter().map(Contents::of).fold(self.contents, Contents::and);
    }
}

/// Finds out where blocks end: before the instructions that `targets` marks, and after those that leave or jump. What
/// is marked gets the number of the block that it begins.
#[inline(never)]
fn find_ends(instructions: &[SequenceInstruction], targets: &mut [u32], ends: &mut Vec<u32>) {
    ends.clear();
    let mut is_closed = false;
    for (index, (instruction, target)) in instructions.iter().zip(targets).enumerate() {
        if is_closed | (*target != NOT_A_TARGET) {
            if index > 0 {
                ends.push(index as u32);
            }
            if *target != NOT_A_TARGET {
                *target = ends.len() as u32;
            }
        }
        let op = instruction.op;
        let jumps = matches!(instruction.operand, Operand::Target(_)) & !op.is_block_push();
        is_closed = jumps | op.is_scope_exit();
    }
    ends.push(instructions.len() as u32);
}

const NOT_A_TARGET: u32 = u32::MAX;
const A_TARGET: u32 = u32::MAX - 1;
