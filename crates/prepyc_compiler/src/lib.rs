//! Python's syntax tree to code objects, field for field those of CPython's own compiler.
//!
//! Pure: no I/O, no clock, no environment, no globals. What differs between versions is asked of
//! [`prepyc_version::Features`] and never compared.

mod assemble;
mod backend;
mod cfg;
mod constants;
pub mod evaluate;
mod instruction_set;
mod limits;
mod location;
mod op;
mod sequence;
mod stack;
#[cfg(test)]
mod stage_tests;
mod unit;

pub use backend::Backend;
pub use constants::{ConstantTable, NameTable, same_constant};
pub use limits::Limit;
pub use location::Location;
pub use op::Op;
pub use sequence::{InstructionSequence, Label, Operand, SequenceInstruction};
pub use unit::{CodeFlags, CodeUnitMetadata};
