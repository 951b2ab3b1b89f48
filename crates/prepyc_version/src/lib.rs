//! What differs between Pythons, and nothing else: releases, magic numbers, cache tags, opcode tables.
//!
//! Everything else asks this crate for a *fact* about a release and never compares versions itself
//! (`cargo xtask tidy` holds that as a rule). Facts come from real interpreters, never from memory.

mod features;
mod grammar;
mod mistakes;
mod opcode;
mod release;
mod tables;

pub use features::{
    Arithmetic, CfgPipeline, ComplexArithmetic, DroppedDocstring, ExtraItemsCredited, Features,
    IteratorShape, MethodCallShape, TwoNans,
};
pub use grammar::{AstDump, FStrings, Grammar};
pub use mistakes::Mistakes;
pub use opcode::{Beyond, Direction, InstructionInfo, Oparg, Opcode, OpcodeTable, StackEffect};
pub use release::{Magic, PyRelease, PyVersion, SourceHash, UnknownVersion};
