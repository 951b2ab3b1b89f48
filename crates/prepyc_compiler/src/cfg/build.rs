//! The graph from the instruction sequence: blocks begin where a label is jumped to, and after what ends a block.
//!
//! Mirrors `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`).

use super::contents::Contents;
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
    #[inline(never)]
    pub(crate) fn build(&mut self, sequence: &InstructionSequence) {
        self.in_use = 0;
        self.has_handlers = false;
        self.jumps.clear();
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        targets.resize(sequence.len(), NOT_A_TARGET);
        sequence.targets().for_each(|place| targets[place] = A_TARGET);
        let mut end = End { block: self.new_block(), is_closed: false };
        // Runs without a label or jump in between are taken as a whole.
        let instructions = sequence.instructions();
        let (mut start, mut is_closed) = (0, false);
        for (index, instruction) in instructions.iter().enumerate() {
            let is_target = targets[index] == A_TARGET;
            let is_placeholder = instruction.op == Op::AnnotationsPlaceholder;
            if is_target || is_placeholder || is_closed {
                self.append_run(&mut end, &instructions[start..index]);
                start = index;
            }
            if is_target {
                self.begin_labelled_block(&mut end);
                targets[index] = end.block.index() as u32;
            }
            if is_placeholder {
                let code = sequence.annotations_code().map_or(&[][..], InstructionSequence::instructions);
                code.split_inclusive(closes_block).for_each(|run| self.append_run(&mut end, run));
                start = index + 1;
            }
            is_closed = closes_block(instruction);
        }
        self.append_run(&mut end, &instructions[start..]);
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

    /// Appends instructions of which only the last may jump or leave.
    fn append_run(&mut self, end: &mut End, run: &[SequenceInstruction]) {
        if run.is_empty() {
            return;
        }
        if end.is_closed {
            self.append_new_block(end);
        }
        let place = self[end.block].used;
        for (index, instruction) in run.iter().enumerate() {
            if let Operand::Target(label) = instruction.operand {
                self.jumps.push((end.block, (place + index) as u32, label));
                self.has_handlers |= instruction.op.is_block_push();
            }
        }
        let block = &mut self.blocks[end.block.index()];
        let mut contents = block.contents;
        block.slots.extend(run.iter().map(|instruction| {
            let (oparg, target) = match instruction.operand {
                Operand::Oparg(oparg) => (oparg, None),
                // Any block will do until all of them stand.
                Operand::Target(_) => (0, Some(end.block)),
            };
            let (op, location) = (instruction.op, instruction.location);
            let appended = Instruction { op, oparg, location, target, handler: None };
            contents.insert(Contents::of(&appended));
            appended
        }));
        block.contents = contents;
        block.used = block.slots.len();
        end.is_closed = run.last().is_some_and(closes_block);
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

/// Whether it jumps, or leaves the code object.
fn closes_block(instruction: &SequenceInstruction) -> bool {
    match instruction.operand {
        Operand::Target(_) => !instruction.op.is_block_push(),
        Operand::Oparg(_) => instruction.op.is_scope_exit(),
    }
}
