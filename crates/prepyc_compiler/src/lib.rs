//! Python's syntax tree to code objects, field for field those of CPython's own compiler.
//!
//! Pure: no I/O, no clock, no environment, no globals. What differs between versions is asked of
//! [`prepyc_version::Features`] and never compared.

mod constants;
pub mod evaluate;
mod location;
mod op;
mod sequence;
mod unit;

pub use constants::{ConstantTable, NameTable, same_constant};
pub use location::Location;
pub use op::Op;
pub use sequence::{InstructionSequence, Label, Operand, SequenceInstruction};
pub use unit::{CodeFlags, CodeUnitMetadata};
