//! Source bytes to the syntax tree that CPython's own parser makes of them, positions included.
//!
//! Mirrors CPython's `Parser/`: decoding, tokenizer, grammar, string and number literals. It stops where `ast.parse`
//! stops: scopes, `__future__` and whatever else the later stages check is not known here. No I/O, no globals.

pub mod ast;
