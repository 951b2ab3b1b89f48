//! The graph as an instruction sequence makes it, a block at a time.

use super::contents::Contents;
use super::{BasicBlock, BasicBlockId, Cfg, Instruction};
use crate::op::Op;

impl Cfg {
    /// Forgets its blocks, keeping their memory.
    pub(crate) fn clear(&mut self) {
        self.in_use = 0;
        self.generated = Contents::NOTHING;
    }

    /// Adds a block behind the others, of these instructions: they are taken, and memory for others left in their place.
    #[inline(never)]
    pub(crate) fn add_block(&mut self, instructions: &mut Vec<Instruction>, is_labelled: bool) {
        let id = self.new_block();
        let block = &mut self[id];
        std::mem::swap(&mut block.slots, instructions);
        block.used = block.slots.len() as u32;
        let contents = block.slots.iter().map(Contents::of).fold(Contents::NOTHING, Contents::and);
        block.contents = contents;
        block.is_labelled = is_labelled;
        block.next = Some(BasicBlockId::new(id.index() + 1));
        self.generated.insert(contents);
    }

    /// Whether the last block that was added has no instructions.
    pub(crate) fn ends_empty(&self) -> bool {
        self.in_use > 0 && self.blocks[self.in_use - 1].is_empty()
    }

    /// Something jumps to the block.
    pub(crate) fn label(&mut self, id: BasicBlockId) {
        self[id].is_labelled = true;
    }

    /// Inserts an instruction before all others.
    pub(crate) fn begin_with(&mut self, instruction: Instruction) {
        let entry = self.entry();
        self[entry].insert(0, instruction);
        self.generated.insert(Contents::of(&instruction));
    }

    /// Makes the block one with that before it if nothing jumps to it; tells then which that is, and how many
    /// instructions it had.
    pub(crate) fn join_unlabelled(&mut self, id: BasicBlockId) -> Option<(BasicBlockId, u32)> {
        if self[id].is_labelled {
            return None;
        }
        let previous = BasicBlockId::new(id.index() - 1);
        let length = self[previous].used;
        self.append_block(previous, id);
        self[previous].next = self[id].next;
        self[id].reset();
        Some((previous, length))
    }

    /// Has a jump lead there.
    #[inline]
    pub(crate) fn aim(&mut self, block: BasicBlockId, index: usize, target: BasicBlockId) {
        self[block].slots[index].target = Some(target);
    }

    /// All blocks stand. `annotations` is what a placeholder among them stands for; where a load of a constant was left out,
    /// constants may be dropped.
    pub(crate) fn begin_passes(&mut self, annotations: &[Instruction], drops_constants: bool) {
        let end = BasicBlockId::new(self.in_use);
        if let Some(last) = self.blocks[..self.in_use].iter_mut().rfind(|block| block.next == Some(end)) {
            last.next = None;
        }
        self.edges_changed = true;
        self.emptied_constants = drops_constants;
        self.has_handlers = self.generated.has(Contents::SETUP);
        if self.generated.has(Contents::PLACEHOLDER) {
            self.blocks_with(Contents::PLACEHOLDER).for_each(|block| block.put_annotations(annotations));
            let added = annotations.iter().map(Contents::of);
            self.generated = added.fold(self.generated, Contents::and);
        }
    }
}

impl BasicBlock {
    /// Replaces the placeholder by the annotations' own instructions, which neither jump nor leave.
    #[cold]
    fn put_annotations(&mut self, annotations: &[Instruction]) {
        let place = self.instructions().iter().position(|found| found.op == Op::AnnotationsPlaceholder);
        let place = place.expect("there is a placeholder");
        self.slots.splice(place..=place, annotations.iter().copied());
        self.used = self.slots.len() as u32;
        self.contents = self.slots.iter().map(Contents::of).fold(self.contents, Contents::and);
    }
}
