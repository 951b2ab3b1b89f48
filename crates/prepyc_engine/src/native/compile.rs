//! One source through prepyc's own compiler, and its answer in the engine's terms.

use prepyc_bytecode::PyStr;
use prepyc_compiler::{Compiler, UnsupportedVersion};
use prepyc_version::PyVersion;

use super::words::Words;
use crate::{CompileRequest, CompileResult, Compiled, Optimize};

/// A compiler for one file after the other.
#[derive(Debug)]
pub(super) struct FileCompiler {
    compiler: Compiler,
}

impl FileCompiler {
    pub(super) fn new(version: PyVersion) -> Result<FileCompiler, UnsupportedVersion> {
        Compiler::new(version).map(|compiler| FileCompiler { compiler })
    }

    /// Compiles one source.
    pub(super) fn compile(&mut self, request: &CompileRequest) -> CompileResult {
        let words = Words::new(request);
        if request.filename.as_bytes().contains(&0) {
            return Err(words.null_in_filename());
        }
        let decoded = request.filename.decoded();
        let filename = PyStr::from_bytes(&decoded).expect("what is no UTF-8 has become surrogates");
        match self.compiler.compile(&request.source, filename, level(request.optimize)) {
            Ok(output) => {
                let warnings = words.warnings(&output.warnings);
                Ok(Compiled { code: output.program.to_marshal(), warnings })
            }
            Err(rejection) => Err(words.rejected(rejection)),
        }
    }
}

fn level(optimize: Optimize) -> prepyc_compiler::Optimize {
    match optimize {
        Optimize::None => prepyc_compiler::Optimize::Level0,
        Optimize::Asserts => prepyc_compiler::Optimize::Level1,
        Optimize::Docstrings => prepyc_compiler::Optimize::Level2,
    }
}
