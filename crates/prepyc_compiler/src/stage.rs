//! The stages by name, for whoever wants to know which of them takes how long.

/// What the compiler is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes to tree.
    Parse,
    /// Scopes and names.
    Symtable,
    /// Tree to instruction sequences.
    Codegen,
    /// The control-flow graph: building it, and the passes.
    Passes,
    /// Graph to code object.
    Assemble,
    /// Giving back tree and scopes.
    Release,
}

/// Called whenever the compiler turns to a stage; from code generation to passes, to assembling and back again
/// for each code object.
pub type Watch = fn(Stage);
