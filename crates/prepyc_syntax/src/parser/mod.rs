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
mod one_token;
mod parameters;
mod pattern;
mod reader;
mod simple;
mod strings;
mod target;

use bumpalo::Bump;
use prepyc_bytecode::{PyStr, StrId, Strings};
use prepyc_version::Grammar;

use crate::ast::{Alias, Arg, Comprehension, ExceptHandler, Expr, Keyword, Location, MatchCase, Module};
use crate::ast::{Pattern, Stmt, TypeParam, WithItem};
use crate::diagnose;
use crate::error::{ErrorKind, SyntaxError, Warning};
use crate::lexer::names::Names;
use crate::lexer::token::{Token, TokenKind};
use crate::lexer::{Columns, Lexer};
use reader::Ahead;

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

    /// From there to that line and column.
    #[inline(always)]
    fn to(self, (end_lineno, end_col_offset): (u32, u32)) -> Location {
        Location { lineno: self.lineno, end_lineno, col_offset: self.col_offset, end_col_offset }
    }
}

/// Reads one module.
pub(crate) struct Parser<'a, 's> {
    pub(crate) lexer: Lexer<'s>,
    /// The token to be consumed next.
    pub(crate) current: Token,
    /// Those after it, as far as they have been read.
    ahead: Ahead,
    /// The place of the last token.
    previous: Location,
    /// Line and column of the end of the last line of statements.
    line_end: (u32, u32),
    arena: &'a Bump,
    names: Names<'s>,
    grammar: &'static Grammar,
    /// How deep in recursion we are.
    depth: u32,
    /// Nesting beyond this is an error.
    max_depth: u32,
    /// `from __future__ import barry_as_FLUFL` was seen: `<>` is the operator and `!=` is not.
    flufl: bool,
    /// In the order of the source.
    pub(crate) warnings: Vec<Warning>,
    /// An error found by looking at a literal's content.
    pub(crate) error: Option<Box<SyntaxError>>,
    /// Text being put together.
    text: Vec<u8>,
    scratch: Scratch<'a>,
}

/// Room for the lists that every source has.
const USUAL_LIST: usize = 64;

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
        strings: &'s mut Strings,
        max_depth: u32,
    ) -> Parser<'a, 's> {
        let mut lexer = Lexer::new(source, columns, grammar);
        let mut names = Names::new(strings, source.len());
        let mut ahead = Ahead::empty();
        ahead.refill(&mut lexer, &mut names);
        let current = ahead.take();
        Parser {
            lexer,
            current,
            ahead,
            previous: current.location,
            line_end: (1, 0),
            arena,
            names,
            grammar,
            depth: 0,
            max_depth,
            flufl: false,
            warnings: Vec::new(),
            error: None,
            text: Vec::new(),
            scratch: Scratch {
                stmts: Vec::with_capacity(USUAL_LIST),
                exprs: Vec::with_capacity(USUAL_LIST),
                args: Vec::with_capacity(USUAL_LIST),
                keywords: Vec::with_capacity(USUAL_LIST),
                ..Scratch::default()
            },
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
    #[inline(always)]
    fn bump(&mut self) {
        self.previous = self.current.location;
        if self.ahead.is_empty() {
            return self.take_from_next_batch();
        }
        self.current = self.ahead.take();
    }

    #[cold]
    #[inline(never)]
    fn take_from_next_batch(&mut self) {
        self.ahead.refill(&mut self.lexer, &mut self.names);
        self.current = self.ahead.take();
    }

    /// The kind of the token after the current one.
    #[inline]
    fn peek(&mut self) -> TokenKind {
        if self.ahead.is_empty() {
            self.ahead.refill(&mut self.lexer, &mut self.names);
        }
        self.ahead.first().kind
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

    /// From there to the end of the last token consumed, which must not be white space.
    #[inline(always)]
    fn since(&self, start: Start) -> Location {
        start.to((self.previous.end_lineno, self.previous.end_col_offset))
    }

    /// From there to the end of the last line of statements, which belongs to the block that was just read.
    #[inline(always)]
    fn since_before_block(&self, start: Start) -> Location {
        start.to(self.line_end)
    }

    /// Consumes the end of a line of statements, if it is here.
    #[inline(always)]
    fn eat_line_end(&mut self) -> bool {
        let found = self.at(TokenKind::Newline);
        if found {
            self.line_end = (self.previous.end_lineno, self.previous.end_col_offset);
            self.bump();
        }
        found
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
        let id = self.current.name;
        self.bump();
        Ok(id)
    }

    /// Warns of what was found on the way, behind what the lexer has to say of the tokens so far.
    fn warn(&mut self, warning: Warning) {
        self.take_lexer_warnings(self.current.end as usize);
        self.warnings.push(warning);
    }

    /// Takes over the lexer's warnings of the tokens up to that offset.
    pub(crate) fn take_lexer_warnings(&mut self, end: usize) {
        let count = self.lexer.warnings.iter().take_while(|(at, _)| *at <= end).count();
        self.warnings.extend(self.lexer.warnings.drain(..count).map(|(_, warning)| warning));
    }

    /// The id of the text that was put together since `base`, surrogates perhaps among it; and takes it off the buffer.
    fn take_text(&mut self, base: usize) -> StrId {
        let text = &self.text[base..];
        let text = PyStr::from_bytes(text).expect("literals are put together from whole characters");
        let id = self.names.intern(text);
        self.text.truncate(base);
        id
    }

    fn alloc<T>(&self, value: T) -> &'a T {
        self.arena.alloc(value)
    }
}

/// The list, moved to the arena.
#[inline(always)]
fn to_arena<'a, T: Copy>(arena: &'a Bump, list: &[T]) -> &'a [T] {
    match list {
        [] => &[],
        // Most lists are of one, and copying that needs no look at a length.
        [only] => std::slice::from_ref(arena.alloc(*only)),
        all => arena.alloc_slice_copy(all),
    }
}

/// One function for each scratch stack: what was pushed since `base`, moved to the arena.
macro_rules! take {
    ($($function:ident $stack:ident $type:ty;)*) => {
        impl<'a> Parser<'a, '_> {$(
            #[inline]
            fn $function(&mut self, base: usize) -> &'a [$type] {
                let stack = &mut self.scratch.$stack;
                let list = to_arena(self.arena, &stack[base..]);
                stack.truncate(base);
                list
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
                let read = self.ahead.read_kinds();
                diagnose::prefer_lexer_error(read, self.lexer, self.current.location.lineno, *error)
            }
            Some(error) => *error,
            None => {
                let lexer = Lexer::new(source, self.lexer.columns(), self.grammar);
                diagnose::explain(lexer, self.grammar)
            }
        }
    }
}
