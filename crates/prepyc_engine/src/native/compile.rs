//! One source through prepyc's own compiler, and its answer in the engine's terms.

use std::panic::{AssertUnwindSafe, catch_unwind};

use prepyc_bytecode::PyStr;
use prepyc_compiler::{Compiler, UnsupportedVersion};
use prepyc_version::PyVersion;

use super::words::Words;
use crate::{CompileRequest, CompileResult, Compiled, EngineError, Optimize};

/// A compiler that is made when there is something to compile, and kept until it panics.
#[derive(Debug)]
pub(super) struct KeptCompiler {
    version: PyVersion,
    compiler: Option<FileCompiler>,
}

impl KeptCompiler {
    pub(super) fn new(version: PyVersion) -> KeptCompiler {
        KeptCompiler { version, compiler: None }
    }

    /// Compiles one source. A panic, which is a mistake of ours, is an error of this source alone.
    pub(super) fn compile(&mut self, request: &CompileRequest) -> CompileResult {
        catch_unwind(AssertUnwindSafe(|| self.compiler().compile(request))).unwrap_or_else(|panic| {
            // Whatever it was in the middle of.
            self.compiler = None;
            let message = panic_message(panic.as_ref()).to_owned();
            Err(EngineError::Bug { filename: request.filename.clone(), message }.into())
        })
    }

    fn compiler(&mut self) -> &mut FileCompiler {
        let made = || FileCompiler::new(self.version).expect("the engine asked whether there is one");
        self.compiler.get_or_insert_with(made)
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "without a message",
    }
}

/// A compiler for one file after the other.
#[derive(Debug)]
struct FileCompiler {
    compiler: Compiler,
}

impl FileCompiler {
    fn new(version: PyVersion) -> Result<FileCompiler, UnsupportedVersion> {
        Compiler::new(version).map(|compiler| FileCompiler { compiler })
    }

    fn compile(&mut self, request: &CompileRequest) -> CompileResult {
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
