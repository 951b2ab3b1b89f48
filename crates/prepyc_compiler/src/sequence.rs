//! The instruction sequence: what code generation writes, in basic blocks from the first.
//!
//! Mirrors CPython's `Python/instruction_sequence.c` and `_PyCfg_FromInstructionSequence` (`Python/flowgraph.c`) in one.
//! A jump names a [`Label`]; a label stands before an instruction. A block begins where a label is jumped to, and after
//! what ends a block: as that is known while instructions come, nothing is copied to make the graph of them.
//! What control can never reach is not kept: nothing behind what leaves or always jumps, up to the next label, but for a
//! block without instructions. CPython's graph empties such blocks before any pass looks at them, and an empty block shows:
//! the walk that borrows locals ends there.
//! Nothing here knows offsets, sizes or numbers of instructions.

use crate::cfg::{BasicBlockId, Cfg, Instruction};
use crate::location::Location;
use crate::op::{ControlFlow, Op};

/// A place in a sequence that can be jumped to. Made by [`InstructionSequence::new_label`], placed by
/// [`InstructionSequence::use_label`] or [`InstructionSequence::use_target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(u32);

/// Instructions in the order of the source, with labels in between. Reused from one code unit to the next, so that it
/// keeps its memory.
#[derive(Debug, Default)]
pub struct InstructionSequence {
    /// The blocks that have ended.
    cfg: Cfg,
    /// The instructions of the block at hand.
    open: Vec<Instruction>,
    /// Whether a label that is jumped to stands before them.
    is_labelled: bool,
    /// Whether control never gets from the last block that has ended to what comes after it.
    is_dead: bool,
    /// Whether an instruction that loads a constant was not kept.
    dropped_constants: bool,
    /// How many instructions there are in the blocks that have ended.
    ended: usize,
    labels: Vec<LabelUse>,
    /// The instructions that name labels.
    jumps: Vec<Jump>,
    /// The blocks that begin where nothing but [`InstructionSequence::use_target`] says so.
    begun: Vec<BasicBlockId>,
    /// What stands in the place of `ANNOTATIONS_PLACEHOLDER`: a module's or a class's deferred annotations (3.14 on).
    annotations_code: Option<Box<InstructionSequence>>,
}

/// What a sequence knows of a label.
#[derive(Clone, Copy, Debug, Default)]
struct LabelUse {
    /// The block in which it stands, once it does.
    block: Option<BasicBlockId>,
    /// Whether that block begins with it.
    begins: bool,
    is_target: bool,
}

/// An instruction that names a label.
#[derive(Clone, Copy, Debug)]
struct Jump {
    block: BasicBlockId,
    /// Its place in the block.
    index: u32,
    target: Label,
}

impl InstructionSequence {
    /// An empty sequence.
    #[must_use]
    pub fn new() -> InstructionSequence {
        InstructionSequence::default()
    }

    /// Appends an instruction that carries a number (0 where it takes none), if control can reach it.
    #[inline]
    pub fn emit(&mut self, op: Op, oparg: u32, location: Location) {
        if self.is_dead {
            self.dropped_constants |= op.has_const();
            return self.leave_out();
        }
        self.open.push(Instruction::new(op, oparg, location));
        if op.is_scope_exit() {
            self.end_dead();
        }
    }

    /// Appends a jump, if control can reach it, or a `SETUP_…`, to a label that may be placed before or after.
    ///
    /// # Panics
    /// If the label stands within a block: a mistake of the caller, who is to place it by
    /// [`InstructionSequence::use_target`].
    pub fn emit_jump(&mut self, op: Op, target: Label, location: Location) {
        let block = self.open_block();
        let label = &mut self.labels[target.0 as usize];
        label.is_target = true;
        if let Some(place) = label.block {
            assert!(label.begins, "label {} is jumped back to, and not placed as a target", target.0);
            match place == block {
                true => self.is_labelled = true,
                false => self.cfg.label(place),
            }
        }
        // What handlers there are is asked before what can be reached.
        if self.is_dead && !op.is_block_push() {
            return self.leave_out();
        }
        self.is_dead = false;
        self.jumps.push(Jump { block, index: self.open.len() as u32, target });
        self.open.push(Instruction::new(op, 0, location));
        if !op.is_block_push() {
            self.end_block();
            self.is_dead = op.is_unconditional_jump();
        }
    }

    /// A label that stands nowhere yet.
    #[must_use]
    pub fn new_label(&mut self) -> Label {
        self.labels.push(LabelUse::default());
        Label(self.labels.len() as u32 - 1)
    }

    /// Places the label before the next instruction to come. Nothing jumps to it from there on.
    ///
    /// # Panics
    /// If the label stands somewhere already: a mistake of the caller.
    pub fn use_label(&mut self, label: Label) {
        if self.labels[label.0 as usize].is_target {
            if !self.open.is_empty() {
                self.end_block();
            }
            self.is_labelled = true;
        }
        self.place(label);
    }

    /// Places a label that may be jumped to from there on before the next instruction to come.
    ///
    /// # Panics
    /// As [`InstructionSequence::use_label`] does.
    pub fn use_target(&mut self, label: Label) {
        if !self.open.is_empty() {
            self.end_block();
            self.begun.push(self.open_block());
        }
        self.is_labelled |= self.labels[label.0 as usize].is_target;
        self.place(label);
    }

    fn place(&mut self, label: Label) {
        let block = self.open_block();
        let place = &mut self.labels[label.0 as usize];
        assert!(place.block.is_none(), "label {} is placed twice", label.0);
        place.block = Some(block);
        place.begins = self.open.is_empty();
        self.is_dead = false;
    }

    /// The block at hand.
    fn open_block(&self) -> BasicBlockId {
        BasicBlockId::new(self.cfg.len())
    }

    /// The block at hand is complete.
    #[inline(never)]
    fn end_block(&mut self) {
        self.ended += self.open.len();
        self.cfg.add_block(&mut self.open, self.is_labelled);
        self.is_labelled = false;
        self.is_dead = false;
    }

    /// The block at hand is complete, and nothing follows it.
    #[inline(never)]
    fn end_dead(&mut self) {
        self.end_block();
        self.is_dead = true;
    }

    /// An empty block stands for what control never reaches.
    #[inline(never)]
    fn leave_out(&mut self) {
        if !self.cfg.ends_empty() {
            self.end_dead();
        }
    }

    /// Inserts a `SETUP_…` before all others, for what is known only when they are written.
    ///
    /// CPython: `_PyInstructionSequence_InsertInstruction`.
    pub fn begin_with(&mut self, op: Op, target: Label, location: Location) {
        self.labels[target.0 as usize].is_target = true;
        let entry = BasicBlockId::new(0);
        self.jumps.iter_mut().filter(|jump| jump.block == entry).for_each(|jump| jump.index += 1);
        self.jumps.push(Jump { block: entry, index: 0, target });
        let setup = Instruction::new(op, 0, location);
        if self.cfg.len() == 0 {
            self.open.insert(0, setup);
        } else {
            self.cfg.begin_with(setup);
        }
    }

    /// Whether control never reaches what comes next: what stands last leaves or always jumps, and there is no label
    /// behind it.
    pub(crate) fn ends_dead(&self) -> bool {
        self.is_dead
    }

    /// How many instructions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ended + self.open.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is to stand in place of `ANNOTATIONS_PLACEHOLDER`; without labels, and without what ends a block.
    pub fn set_annotations_code(&mut self, code: InstructionSequence) {
        self.annotations_code = Some(Box::new(code));
    }

    /// The graph of what was written.
    ///
    /// # Panics
    /// If a label that is jumped to stands nowhere, or behind the last instruction.
    pub(crate) fn finish(&mut self) -> &mut Cfg {
        assert!(!self.is_labelled || !self.open.is_empty(), "a label stands behind the last instruction");
        if !self.open.is_empty() {
            self.end_block();
        }
        for &id in self.begun.iter().rev() {
            if let Some((previous, length)) = self.cfg.join_unlabelled(id) {
                for jump in self.jumps.iter_mut().filter(|jump| jump.block == id) {
                    (jump.block, jump.index) = (previous, jump.index + length);
                }
            }
        }
        for &Jump { block, index, target } in &self.jumps {
            let place = self.labels[target.0 as usize].block;
            let place = place.unwrap_or_else(|| panic!("label {} is used but never placed", target.0));
            self.cfg.aim(block, index as usize, place);
        }
        let annotations = self.annotations_code.as_deref().map_or(&[][..], |code| &code.open);
        self.cfg.begin_passes(annotations, self.dropped_constants);
        &mut self.cfg
    }

    /// Its graph, as the passes have left it.
    #[cfg(test)]
    pub(crate) fn cfg(&self) -> &Cfg {
        &self.cfg
    }

    /// Empties it, keeping its memory for the next code unit.
    pub fn clear(&mut self) {
        self.cfg.clear();
        self.open.clear();
        (self.is_labelled, self.is_dead, self.dropped_constants, self.ended) = (false, false, false, 0);
        self.labels.clear();
        self.jumps.clear();
        self.begun.clear();
        self.annotations_code = None;
    }
}
