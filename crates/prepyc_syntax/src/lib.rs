//! Source bytes to the syntax tree that CPython's own parser makes of them, positions included.
//!
//! Mirrors CPython's `Parser/`: decoding, tokenizer, grammar, string and number literals. It stops where `ast.parse`
//! stops: scopes, `__future__` and whatever else the later stages check is not known here. No I/O, no globals.

pub mod ast;
mod decode;
mod diagnose;
pub mod dump;
mod error;
mod lexer;
mod literal;
mod parser;
mod unicode;

use bumpalo::Bump;
use prepyc_bytecode::Strings;
use prepyc_version::Grammar;

pub use decode::source_line;
pub use error::{ErrorKind, ErrorPlace, SyntaxError, Warning, WarningKind};
use parser::Parser;

/// A source that CPython's parser accepts.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// Its tree.
    pub module: ast::Module<'a>,
    /// What the parser warned of on the way, in the order of the source.
    pub warnings: Vec<Warning>,
}

/// Parses a file as CPython of the version with these grammar would.
///
/// The tree lives in `arena`; its names and strings are interned in `strings`. The bytes may be anything.
///
/// # Errors
/// What CPython would raise: mostly `SyntaxError` and its kin.
pub fn parse_module<'a>(
    source: &[u8],
    grammar: &'static Grammar,
    arena: &'a Bump,
    strings: &mut Strings,
) -> Result<Parsed<'a>, SyntaxError> {
    let text = decode::decode(source)?;
    // About what library code has of them; more cost time only.
    strings.reserve(text.len() / 64, text.len() / 8);
    let mut parser = Parser::new(&text, grammar, arena, strings);
    match parser.module() {
        Ok(module) => Ok(Parsed { module, warnings: std::mem::take(&mut parser.lexer.warnings) }),
        Err(parser::Fail) => Err(parser.into_error(&text)),
    }
}
