//! From an instruction sequence to a code object: the second half of the compiler.

use prepyc_bytecode::{CodeObject, StrId, Strings};
use prepyc_version::{Features, PyVersion};

use crate::assemble::{Assembler, Target};
use crate::cfg::pipeline::{PassContext, Passes, passes_of};
use crate::instruction_set::InstructionSet;
use crate::limits::Limit;
use crate::sequence::InstructionSequence;
use crate::stack::StackEffects;
use crate::stage::{Stage, Watch};
use crate::unit::CodeUnitMetadata;

/// Turns instruction sequences into code objects, one after the other. Keeps its memory in between, so one should
/// serve a whole program, or many.
#[derive(Debug)]
pub struct Backend {
    features: &'static Features,
    passes: Passes,
    set: InstructionSet,
    effects: StackEffects,
    assembler: Assembler,
    /// Those of units that have ended, for their memory.
    spare: Vec<(InstructionSequence, CodeUnitMetadata)>,
    watch: Watch,
}

impl Backend {
    /// One that makes code objects for that version; `None` for a version whose passes are not written yet.
    #[must_use]
    pub fn new(version: PyVersion) -> Option<Backend> {
        let features = version.features();
        Some(Backend {
            features,
            passes: passes_of(features.cfg_pipeline)?,
            set: InstructionSet::of(version),
            effects: StackEffects::of(version),
            assembler: Assembler::default(),
            spare: Vec::new(),
            watch: |_| {},
        })
    }

    /// Has every change between passes, assembler and code generator told to `watch`.
    pub(crate) fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// Who is told.
    pub(crate) fn watch(&self) -> Watch {
        self.watch
    }

    /// What is left of a unit that has ended, to be emptied and used again.
    pub(crate) fn take_spare(&mut self) -> Option<(InstructionSequence, CodeUnitMetadata)> {
        self.spare.pop()
    }

    /// Keeps the memory of a unit that is done with.
    pub(crate) fn give_back(&mut self, sequence: InstructionSequence, metadata: CodeUnitMetadata) {
        self.spare.push((sequence, metadata));
    }

    /// Optimizes the instructions and assembles them. The unit's constants are taken out of it; the sequence is to be
    /// cleared before anything else is done with it.
    ///
    /// # Errors
    /// If the code is too large.
    ///
    /// # Panics
    /// If the sequence is malformed: a label that stands nowhere, a stack that runs empty.
    pub fn make_code(
        &mut self,
        sequence: &mut InstructionSequence,
        unit: &mut CodeUnitMetadata,
        filename: StrId,
        strings: &mut Strings,
    ) -> Result<CodeObject, Limit> {
        (self.watch)(Stage::Passes);
        let cfg = sequence.finish();
        let (features, effects) = (self.features, &self.effects);
        let mut context =
            PassContext { unit: &mut *unit, strings: &mut *strings, features, effects, stack_depth: 0 };
        (self.passes)(cfg, &mut context);
        let stack_depth = context.stack_depth;
        (self.watch)(Stage::Assemble);
        let target = Target { features, set: &self.set, strings };
        let code = self.assembler.assemble(cfg, unit, stack_depth, filename, target);
        (self.watch)(Stage::Codegen);
        code
    }

    /// What the last code object was made of; its sequence is needed for that.
    #[cfg(test)]
    pub(crate) fn listing(&self, sequence: &InstructionSequence) -> String {
        self.assembler.listing(sequence.cfg())
    }
}
