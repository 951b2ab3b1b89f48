//! One source through prepyc's own compiler, and its answer in the engine's terms.

use prepyc_bytecode::PyStr;
use prepyc_compiler::{CompileError, CompileOptions, Compiled as Output, compile};
use prepyc_version::PyVersion;

use super::words::Words;
use crate::{CompileFailure, CompileRequest, CompileResult, Compiled, EngineError, Optimize};

/// A compiler for one file after the other.
#[derive(Debug)]
pub(super) struct FileCompiler {
    version: PyVersion,
}

impl FileCompiler {
    pub(super) fn new(version: PyVersion) -> FileCompiler {
        FileCompiler { version }
    }

    /// Compiles one source.
    pub(super) fn compile(&mut self, request: &CompileRequest) -> CompileResult {
        let words = Words::new(request);
        if request.filename.as_bytes().contains(&0) {
            return Err(words.null_in_filename());
        }
        let filename = request.filename.decoded();
        let options = CompileOptions {
            version: self.version,
            filename: String::from_utf8_lossy(&filename).into_owned(),
            optimize: optimize(request.optimize),
        };
        match compile(&request.source, &options) {
            Ok(Output { program, warnings }) => {
                Ok(Compiled { code: program.to_marshal(), warnings: words.warnings(&warnings) })
            }
            Err(CompileError::Syntax(error)) => Err(words.rejected(&error, &[])),
            Err(CompileError::Source(error)) => Err(words.rejected(&todo_convert(&words, &error), &[])),
            Err(CompileError::Limit(limit)) => Err(CompileFailure::Engine(EngineError::Limit {
                filename: request.filename.clone(),
                reason: limit.to_string(),
            })),
            Err(CompileError::UnsupportedVersion(version)) => unreachable!("{version} is asked before"),
        }
    }
}

fn todo_convert(words: &Words<'_>, error: &prepyc_compiler::SourceError) -> prepyc_syntax::SyntaxError {
    let l = error.location;
    let chars = |line: u32, col: u32| {
        let text = words.source_line(line).unwrap_or_default();
        text.as_bytes().get(..col as usize).map_or(0, |b| String::from_utf8_lossy(b).chars().count()) as i32 + 1
    };
    prepyc_syntax::SyntaxError {
        kind: prepyc_syntax::ErrorKind::Syntax,
        message: error.message.clone(),
        place: Some(prepyc_syntax::ErrorPlace {
            lineno: l.lineno,
            offset: chars(l.lineno, l.col_offset),
            end_lineno: l.end_lineno as i32,
            end_offset: chars(l.end_lineno, l.end_col_offset),
        }),
    }
}

fn optimize(optimize: Optimize) -> prepyc_compiler::Optimize {
    match optimize {
        Optimize::None => prepyc_compiler::Optimize::Level0,
        Optimize::Asserts => prepyc_compiler::Optimize::Level1,
        Optimize::Docstrings => prepyc_compiler::Optimize::Level2,
    }
}
