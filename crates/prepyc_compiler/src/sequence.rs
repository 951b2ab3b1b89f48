//! The instruction sequence: what code generation writes and the control-flow graph is built from.
//!
//! Mirrors CPython's `Python/instruction_sequence.c`. A jump names a [`Label`]; a label stands before an instruction.
//! Nothing here knows offsets, sizes or numbers of instructions.

use crate::location::Location;
use crate::op::Op;

/// A place in a sequence that can be jumped to. Made by [`InstructionSequence::new_label`], placed by
/// [`InstructionSequence::use_label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(u32);

/// What an instruction carries besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number (0 for instructions that take none): an index, a count, flags.
    Oparg(u32),
    /// Where to jump, or where the handler stands that a `SETUP_…` announces.
    Target(Label),
}

/// One instruction of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceInstruction {
    /// What it does.
    pub op: Op,
    /// What it carries.
    pub operand: Operand,
    /// Where it comes from.
    pub location: Location,
}

/// Instructions in the order of the source, with labels in between.
#[derive(Clone, Debug, Default)]
pub struct InstructionSequence {
    instructions: Vec<SequenceInstruction>,
    labels: Vec<LabelUse>,
    /// What stands in the place of `ANNOTATIONS_PLACEHOLDER`: a module's or a class's deferred annotations (3.14 on).
    annotations_code: Option<Box<InstructionSequence>>,
}

/// What a sequence knows of a label.
#[derive(Clone, Copy, Debug)]
struct LabelUse {
    /// The index of the instruction it stands before.
    place: u32,
    is_target: bool,
}

const UNPLACED: u32 = u32::MAX;

impl InstructionSequence {
    /// An empty sequence.
    #[must_use]
    pub fn new() -> InstructionSequence {
        InstructionSequence::default()
    }

    /// Appends an instruction that carries a number (0 where it takes none).
    pub fn emit(&mut self, op: Op, oparg: u32, location: Location) {
        self.instructions.push(SequenceInstruction { op, operand: Operand::Oparg(oparg), location });
    }

    /// Appends a jump, or a `SETUP_…`, to a label that may be placed before or after.
    pub fn emit_jump(&mut self, op: Op, target: Label, location: Location) {
        self.labels[target.0 as usize].is_target = true;
        self.instructions.push(SequenceInstruction { op, operand: Operand::Target(target), location });
    }

    /// A label that stands nowhere yet.
    #[must_use]
    pub fn new_label(&mut self) -> Label {
        self.labels.push(LabelUse { place: UNPLACED, is_target: false });
        Label(self.labels.len() as u32 - 1)
    }

    /// Places the label before the next instruction to come.
    ///
    /// # Panics
    /// If the label stands somewhere already: a mistake of the caller.
    pub fn use_label(&mut self, label: Label) {
        let place = &mut self.labels[label.0 as usize].place;
        assert!(*place == UNPLACED, "label {} is placed twice", label.0);
        *place = self.instructions.len() as u32;
    }

    /// Inserts before the instruction at `index`; labels at or after it keep their instructions.
    ///
    /// CPython: `_PyInstructionSequence_InsertInstruction`, for what is known only when the rest is written.
    pub fn insert(&mut self, index: usize, op: Op, operand: Operand, location: Location) {
        if let Operand::Target(label) = operand {
            self.labels[label.0 as usize].is_target = true;
        }
        self.instructions.insert(index, SequenceInstruction { op, operand, location });
        for LabelUse { place, .. } in &mut self.labels {
            if *place != UNPLACED && *place as usize >= index {
                *place += 1;
            }
        }
    }

    /// The instruction a label stands before.
    ///
    /// # Panics
    /// If the label was never placed: a mistake of code generation.
    #[must_use]
    pub fn place_of(&self, label: Label) -> usize {
        let place = self.labels[label.0 as usize].place;
        assert!(place != UNPLACED, "label {} is used but never placed", label.0);
        place as usize
    }

    /// The instructions that are jumped to, or whose handlers are announced; some of them more than once.
    ///
    /// # Panics
    /// As [`InstructionSequence::place_of`] does.
    pub(crate) fn targets(&self) -> impl Iterator<Item = usize> {
        let named = self.labels.iter().enumerate().filter(|(_, label)| label.is_target);
        named.map(|(index, _)| self.place_of(Label(index as u32)))
    }

    /// How many instructions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// The instructions, in order.
    #[must_use]
    pub fn instructions(&self) -> &[SequenceInstruction] {
        &self.instructions
    }

    /// The last instruction.
    #[must_use]
    pub fn last(&self) -> Option<&SequenceInstruction> {
        self.instructions.last()
    }

    /// What is to stand in place of `ANNOTATIONS_PLACEHOLDER`; without labels.
    pub fn set_annotations_code(&mut self, code: InstructionSequence) {
        self.annotations_code = Some(Box::new(code));
    }

    /// What stands in place of `ANNOTATIONS_PLACEHOLDER`.
    #[must_use]
    pub fn annotations_code(&self) -> Option<&InstructionSequence> {
        self.annotations_code.as_deref()
    }

    /// Empties it, keeping its memory for the next code unit.
    pub fn clear(&mut self) {
        self.instructions.clear();
        self.labels.clear();
        self.annotations_code = None;
    }
}
