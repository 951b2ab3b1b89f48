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
use decode::Decoded;
use prepyc_bytecode::Strings;
use prepyc_version::Grammar;

pub use decode::source_line;
pub use error::{ErrorKind, ErrorPlace, SyntaxError, Warning, WarningKind};
use lexer::Columns;
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
    let mut warnings = Vec::new();
    let module = parse_nested_module(source, grammar, arena, strings, DEFAULT_NESTING, &mut warnings)?;
    Ok(Parsed { module, warnings })
}

/// How deep constructs nest for [`parse_module`]: enough for what people write, and little for a small thread's stack.
pub const DEFAULT_NESTING: u32 = 1000;

/// The same, of constructs that nest no deeper than that; what nests deeper is a [`ErrorKind::Memory`]. What the parser
/// warns of goes to `warnings`, also where it then rejects the source.
///
/// # Errors
/// As [`parse_module`].
pub fn parse_nested_module<'a>(
    source: &[u8],
    grammar: &'static Grammar,
    arena: &'a Bump,
    strings: &mut Strings,
    nesting: u32,
    warnings: &mut Vec<Warning>,
) -> Result<ast::Module<'a>, SyntaxError> {
    let in_bytes = grammar.mistakes.columns_need_encoding && !decode::says_encoding(source);
    let columns = if in_bytes { Columns::Bytes } else { Columns::Characters };
    match decode::decode(source, &grammar.mistakes)? {
        Decoded::Text(text) => parse_text(&text, columns, grammar, arena, strings, nesting, warnings),
        Decoded::Patched(patched) => {
            let parsed = parse_text(&patched.text, columns, grammar, arena, strings, nesting, warnings);
            patched.settle(parsed, grammar)
        }
    }
}

fn parse_text<'a>(
    text: &str,
    columns: Columns,
    grammar: &'static Grammar,
    arena: &'a Bump,
    strings: &mut Strings,
    nesting: u32,
    warnings: &mut Vec<Warning>,
) -> Result<ast::Module<'a>, SyntaxError> {
    // About what library code has of them; more cost time only.
    strings.reserve(text.len() / 64, text.len() / 8);
    let mut parser = Parser::new(text, columns, grammar, arena, strings, nesting);
    let result = parser.module();
    let end = if result.is_ok() { usize::MAX } else { parser.current.end as usize };
    parser.take_lexer_warnings(end);
    warnings.append(&mut parser.warnings);
    result.map_err(|parser::Fail| parser.into_error(text))
}
