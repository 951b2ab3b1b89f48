//! The parser: recursive descent over the lexer's tokens, into the arena.
//!
//! Mirrors CPython's `Grammar/python.gram` in what it accepts and builds, not in how: one token of lookahead (two at a few
//! places), precedence climbing for binary operators, and targets parsed as expressions and converted. It never
//! backtracks. On failure it says only that it failed; `diagnose` finds out what CPython says.
//!
//! Lists grow on reusable scratch stacks, one for each type of node, and are copied to the arena when complete.

mod arguments;
mod atom;
mod compound;
mod expression;
mod import;
mod name_cache;
mod one_token;
mod parameters;
mod pattern;
mod simple;
mod strings;
mod target;

use bumpalo::Bump;
use prepyc_bytecode::{PyStr, StrId, Strings};
use prepyc_version::Grammar;

use crate::ast::{Alias, Arg, Comprehension, ExceptHandler, Expr, Keyword, Location, MatchCase, Module};
use crate::ast::{Pattern, Stmt, TypeParam, WithItem};
use crate::diagnose;
use crate::error::{ErrorKind, SyntaxError};
use crate::lexer::token::{Token, TokenKind};
use crate::lexer::{Columns, Lexer};
use name_cache::NameCache;

/// The source is wrong, at the current token if nowhere else.
#[derive(Debug)]
pub(crate) struct Fail;

pub(crate) type Parse<T> = Result<T, Fail>;

/// Where a node starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    lineno: u32,
    col_offset: u32,
}

impl Start {
    /// Whether the expression starts there itself: one in parentheses starts behind them.
    fn is_of(self, expr: &Expr<'_>) -> bool {
        (self.lineno, self.col_offset) == (expr.location.lineno, expr.location.col_offset)
    }
}

/// Reads one module.
pub(crate) struct Parser<'a, 's> {
    pub(crate) lexer: Lexer<'s>,
    /// The token to be consumed next.
    pub(crate) current: Token,
    /// The one after it, if it was looked at.
    ahead: Option<Token>,
    /// Line and column of the end of the last token that counts for positions.
    previous_end: (u32, u32),
    arena: &'a Bump,
    names: &'s mut Strings,
    name_cache: NameCache,
    grammar: &'static Grammar,
    /// How deep in recursion we are.
    depth: u32,
    /// Nesting beyond this is an error.
    max_depth: u32,
    /// `from __future__ import barry_as_FLUFL` was seen: `<>` is the operator and `!=` is not.
    flufl: bool,
    /// An error found by looking at a literal's content.
    pub(crate) error: Option<Box<SyntaxError>>,
    /// Text being put together.
    text: Vec<u8>,
    scratch: Scratch<'a>,
}

/// Lists under construction; each user leaves its stack as high as it was.
#[derive(Default)]
struct Scratch<'a> {
    stmts: Vec<Stmt<'a>>,
    exprs: Vec<Expr<'a>>,
    keys: Vec<Option<Expr<'a>>>,
    keywords: Vec<Keyword<'a>>,
    comprehensions: Vec<Comprehension<'a>>,
    args: Vec<Arg<'a>>,
    aliases: Vec<Alias>,
    ids: Vec<StrId>,
    handlers: Vec<ExceptHandler<'a>>,
    with_items: Vec<WithItem<'a>>,
    patterns: Vec<Pattern<'a>>,
    cases: Vec<MatchCase<'a>>,
    type_params: Vec<TypeParam<'a>>,
}

impl<'a, 's> Parser<'a, 's> {
    pub(crate) fn new(
        source: &'s str,
        columns: Columns,
        grammar: &'static Grammar,
        arena: &'a Bump,
        names: &'s mut Strings,
        max_depth: u32,
    ) -> Parser<'a, 's> {
        let mut lexer = Lexer::new(source, columns, grammar);
        let current = lexer.next_token();
        Parser {
            lexer,
            current,
            ahead: None,
            previous_end: (1, 0),
            arena,
            names,
            name_cache: NameCache::new(),
            grammar,
            depth: 0,
            max_depth,
            flufl: false,
            error: None,
            text: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// The whole source.
    pub(crate) fn module(&mut self) -> Parse<Module<'a>> {
        while self.current.kind != TokenKind::EndMarker {
            self.statement()?;
        }
        Ok(Module { body: self.take_stmts(0) })
    }

    /// Consumes the current token.
    #[inline(never)]
    fn bump(&mut self) {
        if !self.current.kind.is_whitespace() {
            self.previous_end = (self.current.location.end_lineno, self.current.location.end_col_offset);
        }
        match self.ahead.take() {
            Some(token) => self.current = token,
            None => self.lexer.read_token(&mut self.current),
        }
    }

    /// The kind of the token after the current one.
    #[inline]
    fn peek(&mut self) -> TokenKind {
        match self.ahead {
            Some(token) => token.kind,
            None => self.look_ahead(),
        }
    }

    #[inline(never)]
    fn look_ahead(&mut self) -> TokenKind {
        let token = self.lexer.next_token();
        self.ahead = Some(token);
        token.kind
    }

    #[inline(always)]
    fn at(&self, kind: TokenKind) -> bool {
        self.current.kind == kind
    }

    /// Whether the current token's text is this.
    #[inline(always)]
    fn current_is(&self, text: &str) -> bool {
        (self.current.end - self.current.start) as usize == text.len()
            && self.lexer.text(&self.current) == text
    }

    /// Consumes the current token if it is of that kind.
    #[inline]
    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// Consumes the current token, which must be of that kind.
    #[inline]
    fn expect(&mut self, kind: TokenKind) -> Parse<()> {
        if self.eat(kind) { Ok(()) } else { Err(Fail) }
    }

    /// Where the current token starts.
    #[inline(always)]
    fn start(&self) -> Start {
        Start { lineno: self.current.location.lineno, col_offset: self.current.location.col_offset }
    }

    /// From there to the end of the last token consumed.
    #[inline(always)]
    fn since(&self, start: Start) -> Location {
        Location {
            lineno: start.lineno,
            end_lineno: self.previous_end.0,
            col_offset: start.col_offset,
            end_col_offset: self.previous_end.1,
        }
    }

    /// One level deeper; the caller takes it back with [`Parser::leave`] unless it fails.
    #[inline]
    fn enter(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth > self.max_depth { self.too_deep() } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    #[cold]
    fn too_deep(&mut self) -> Parse<()> {
        let message = "Parser stack overflowed - Python source too complex to parse";
        self.error.get_or_insert_with(|| Box::new(SyntaxError::unplaced(ErrorKind::Memory, message)));
        Err(Fail)
    }

    /// Consumes a name; its id.
    #[inline]
    fn name(&mut self) -> Parse<StrId> {
        if !self.at(TokenKind::Name) {
            return Err(Fail);
        }
        let id = self.intern_name();
        self.bump();
        Ok(id)
    }

    /// The id of the name that the current token is.
    #[inline]
    fn intern_name(&mut self) -> StrId {
        match self.lexer.short_text(&self.current) {
            Some(text) => match self.name_cache.find(text) {
                Ok(id) => id,
                Err(slot) => {
                    let id = self.intern_long_name();
                    self.name_cache.store(slot, text, id);
                    id
                }
            },
            None => self.intern_long_name(),
        }
    }

    /// The same by the table of all strings.
    #[inline(never)]
    fn intern_long_name(&mut self) -> StrId {
        let text = self.lexer.text(&self.current);
        if text.is_ascii() {
            self.names.intern(text)
        } else {
            self.names.intern(crate::unicode::normalize_name(text).as_str())
        }
    }

    /// The id of text that may hold surrogates.
    fn intern_bytes(&mut self, text: &[u8]) -> StrId {
        let text = PyStr::from_bytes(text).expect("literals are put together from whole characters");
        self.names.intern(text)
    }

    fn alloc<T>(&self, value: T) -> &'a T {
        self.arena.alloc(value)
    }
}

/// One function for each scratch stack: what was pushed since `base`, moved to the arena.
macro_rules! take {
    ($($function:ident $stack:ident $type:ty;)*) => {
        impl<'a> Parser<'a, '_> {$(
            #[inline]
            fn $function(&mut self, base: usize) -> &'a [$type] {
                let stack = &mut self.scratch.$stack;
                // Most lists are of one, and copying that needs no look at a length.
                if stack.len() == base + 1
                    && let Some(only) = stack.pop()
                {
                    return std::slice::from_ref(self.arena.alloc(only));
                }
                let slice = self.arena.alloc_slice_copy(&stack[base..]);
                stack.truncate(base);
                slice
            }
        )*}
    };
}

take! {
    take_stmts stmts Stmt<'a>;
    take_exprs exprs Expr<'a>;
    take_keys keys Option<Expr<'a>>;
    take_keywords keywords Keyword<'a>;
    take_comprehensions comprehensions Comprehension<'a>;
    take_aliases aliases Alias;
    take_ids ids StrId;
    take_handlers handlers ExceptHandler<'a>;
    take_with_items with_items WithItem<'a>;
    take_patterns patterns Pattern<'a>;
    take_cases cases MatchCase<'a>;
    take_type_params type_params TypeParam<'a>;
}

impl Parser<'_, '_> {
    /// Why the module could not be parsed.
    pub(crate) fn into_error(self, source: &str) -> SyntaxError {
        match self.error {
            Some(error) if error.kind == ErrorKind::Syntax => {
                diagnose::prefer_lexer_error(self.lexer, self.current.location.lineno, *error)
            }
            Some(error) => *error,
            None => {
                let lexer = Lexer::new(source, self.lexer.columns(), self.grammar);
                diagnose::explain(lexer, self.grammar)
            }
        }
    }
}
