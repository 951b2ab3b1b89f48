//! What CPython says of a source that its parser rejects, and where.
//!
//! CPython parses a rejected source a second time, with rules switched on that recognise common mistakes; the first that
//! matches has the word, and none matching it is "invalid syntax" at the last token the first pass looked at. Which mistake
//! is found first depends on the order in which alternatives are tried, so this reads the source that way: with
//! backtracking, memory of what was tried, and no tree but the outline that messages need. It is slow, and runs only on
//! what was rejected.

mod atom;
mod call;
mod compound;
mod expression;
mod field;
mod parameters;
mod pattern;
mod simple;
mod target;

use std::collections::HashMap;

use prepyc_version::Grammar;

use crate::ast::Location;
use crate::error::{ErrorKind, ErrorPlace, SyntaxError};
use crate::lexer::Lexer;
use crate::lexer::token::{Token, TokenKind};

/// Nesting beyond this is not looked into.
const MAX_DEPTH: u32 = 1200;

/// What an expression is, as far as messages tell expressions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A token or a construct that is no expression.
    Other,
    Name,
    Attribute,
    Subscript,
    Starred,
    List,
    Tuple,
    Call,
    Operation,
    Lambda,
    Generator,
    Yield,
    Await,
    ListComp,
    SetComp,
    DictComp,
    Dict,
    Set,
    FString,
    TString,
    None,
    True,
    False,
    Ellipsis,
    Literal,
    Compare,
    /// A comparison with `in` alone: what `for` without its `in` looks like.
    In,
    Conditional,
    Named,
}

impl Shape {
    /// CPython's word for it (`_PyPegen_get_expr_name`).
    fn name(self) -> &'static str {
        match self {
            Shape::Other => "expression",
            Shape::Name => "name",
            Shape::Attribute => "attribute",
            Shape::Subscript => "subscript",
            Shape::Starred => "starred",
            Shape::List => "list",
            Shape::Tuple => "tuple",
            Shape::Call => "function call",
            Shape::Operation => "expression",
            Shape::Lambda => "lambda",
            Shape::Generator => "generator expression",
            Shape::Yield => "yield expression",
            Shape::Await => "await expression",
            Shape::ListComp => "list comprehension",
            Shape::SetComp => "set comprehension",
            Shape::DictComp => "dict comprehension",
            Shape::Dict => "dict literal",
            Shape::Set => "set display",
            Shape::FString => "f-string expression",
            Shape::TString => "t-string expression",
            Shape::None => "None",
            Shape::True => "True",
            Shape::False => "False",
            Shape::Ellipsis => "ellipsis",
            Shape::Literal => "literal",
            Shape::Compare | Shape::In => "comparison",
            Shape::Conditional => "conditional expression",
            Shape::Named => "named expression",
        }
    }
}

/// The outline of something that was recognised.
#[derive(Clone, Copy, Debug)]
struct Node {
    location: Location,
    shape: Shape,
    /// Its elements, as a range of [`Diagnosis::children`].
    children: (u32, u32),
}

/// Rules whose results are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rule {
    Expression,
    StarExpression,
    NamedInvalid,
    Disjunction,
    Conjunction,
    Inversion,
    BitwiseOr,
    Factor,
    Primary,
    Atom,
    Strings,
    Arguments,
    StarTarget,
    TargetWithStarAtom,
    DeleteTarget,
    SimpleStatement,
    Block,
    ClosedPattern,
    ForIfClauses,
}

/// Reads a rejected source again.
struct Diagnosis<'s> {
    lexer: Lexer<'s>,
    grammar: &'static Grammar,
    tokens: Vec<Token>,
    position: usize,
    /// Whether the rules for mistakes are on.
    second_pass: bool,
    /// The error is one of those that CPython tells of in its first pass.
    told_at_once: bool,
    /// The source is the field of a 3.11 f-string rather than a file.
    field: bool,
    error: Option<Box<SyntaxError>>,
    /// The error is the lexer's.
    lexer_failed: bool,
    children: Vec<Node>,
    memory: HashMap<(Rule, u32), Option<(Node, u32)>>,
    depth: u32,
    /// `<>` is the operator: the source imports `barry_as_FLUFL`.
    flufl: bool,
}

/// What CPython would say of the source that the lexer, fresh at its start, reads.
pub(crate) fn explain(lexer: Lexer<'_>, grammar: &'static Grammar) -> SyntaxError {
    Diagnosis::new(lexer, grammar).explain()
}

/// What CPython 3.11 would say of the expression of an f-string's field, whose lexer is fresh behind the parenthesis that
/// stands for the field's brace: places count from there.
pub(crate) fn explain_field(lexer: Lexer<'_>, parenthesis: Token, grammar: &'static Grammar) -> SyntaxError {
    let mut diagnosis = Diagnosis::new(lexer, grammar);
    diagnosis.field = true;
    diagnosis.tokens.push(parenthesis);
    let mut error = diagnosis.explain();
    if !diagnosis.lexer_failed {
        error.message.insert_str(0, "f-string: ");
    }
    let before =
        diagnosis.lexer.offset_in_line(parenthesis.location.lineno, parenthesis.location.col_offset) - 1;
    if let Some(place) = &mut error.place {
        if place.lineno == parenthesis.location.lineno {
            place.offset -= before;
        }
        if place.end_lineno == parenthesis.location.lineno as i32 && place.end_offset > 0 {
            place.end_offset -= before;
        }
    }
    error
}

/// The error, unless the lexer finds one of its own in the rest of the source, which then comes first in CPython.
pub(crate) fn prefer_lexer_error(
    read: impl Iterator<Item = TokenKind>,
    mut lexer: Lexer<'_>,
    last_line: u32,
    error: SyntaxError,
) -> SyntaxError {
    if !matches!(error.kind, ErrorKind::Syntax | ErrorKind::Indentation | ErrorKind::Tab) {
        return error;
    }
    for kind in read.chain(std::iter::repeat_with(|| lexer.next_token().kind)) {
        match kind {
            TokenKind::EndMarker => return error,
            TokenKind::Error => break,
            _ => {}
        }
    }
    // What is wrong within an f-string that the parser has not come to is not heard of, nor that brackets are still open.
    if lexer.is_within_string() {
        return error;
    }
    if let (Some(found), false) = (&lexer.error, lexer.error_is_status) {
        return (**found).clone();
    }
    match lexer.brackets.last() {
        Some(bracket) if lexer.error.is_some() && last_line > bracket.line => lexer.never_closed(),
        _ => error,
    }
}

impl<'s> Diagnosis<'s> {
    fn new(lexer: Lexer<'s>, grammar: &'static Grammar) -> Diagnosis<'s> {
        Diagnosis {
            lexer,
            grammar,
            tokens: Vec::new(),
            position: 0,
            second_pass: false,
            told_at_once: false,
            field: false,
            error: None,
            lexer_failed: false,
            children: Vec::new(),
            memory: HashMap::new(),
            depth: 0,
            flufl: false,
        }
    }

    fn explain(&mut self) -> SyntaxError {
        self.file();
        if self.lexer_failed
            && let Some(error) = self.error.take()
        {
            return *error;
        }
        let last = self.tokens.last().copied().unwrap_or_else(|| self.token_at(0));
        if let (Some(error), true) = (self.error.take(), self.told_at_once) {
            return prefer_lexer_error(std::iter::empty(), self.lexer.clone(), last.location.lineno, *error);
        }
        self.position = 0;
        self.second_pass = true;
        self.memory.clear();
        self.file();
        let last_line = self.tokens.last().map_or(last.location.lineno, |token| token.location.lineno);
        if let Some(error) = self.error.take() {
            return if self.lexer_failed {
                *error
            } else {
                prefer_lexer_error(std::iter::empty(), self.lexer.clone(), last_line, *error)
            };
        }
        let error = match last.kind {
            TokenKind::Indent | TokenKind::Dedent => {
                let message =
                    if last.kind == TokenKind::Indent { "unexpected indent" } else { "unexpected unindent" };
                return self.error_at_token(ErrorKind::Indentation, self.last_token(), message);
            }
            TokenKind::EndMarker => self.error_at_end_marker(),
            _ => self.error_over(ErrorKind::Syntax, self.pointed_at(last).location, "invalid syntax"),
        };
        prefer_lexer_error(std::iter::empty(), self.lexer.clone(), last_line, error)
    }

    /// The token as errors point at it: `<>` as the `<` that it begins with, where it is no operator.
    fn pointed_at(&self, mut token: Token) -> Token {
        let is_inequality = token.kind == TokenKind::NotEq && self.lexer.text(&token) == "<>";
        if is_inequality && !self.flufl && self.grammar.mistakes.inequality_errors {
            token.location.end_col_offset = token.location.col_offset + 1;
        }
        token
    }

    // Tokens.

    fn token_at(&mut self, index: usize) -> Token {
        while self.tokens.len() <= index {
            let token = self.lexer.next_token();
            if token.kind == TokenKind::Error {
                self.note_lexer_error(token);
                return token;
            }
            if token.kind == TokenKind::EndMarker
                && self.tokens.last().is_some_and(|last| last.kind == token.kind)
            {
                return token;
            }
            self.tokens.push(token);
        }
        self.tokens[index]
    }

    fn note_lexer_error(&mut self, token: Token) {
        if self.error.is_some() {
            return;
        }
        self.lexer_failed = true;
        let invalid = || self.error_over(ErrorKind::Syntax, token.location, "invalid syntax");
        self.error = Some(self.lexer.error.clone().unwrap_or_else(|| Box::new(invalid())));
    }

    fn last_token(&self) -> Token {
        self.tokens[self.tokens.len() - 1]
    }

    fn kind(&mut self) -> TokenKind {
        self.token_at(self.position).kind
    }

    fn at(&mut self, kind: TokenKind) -> bool {
        self.error.is_none() && self.kind() == kind
    }

    fn at_any(&mut self, kinds: &[TokenKind]) -> bool {
        self.error.is_none() && kinds.contains(&self.kind())
    }

    /// Succeeds where such a token is next, without consuming it.
    fn look(&mut self, kind: TokenKind) -> Option<()> {
        self.at(kind).then_some(())
    }

    /// Succeeds where no such token is next.
    fn not(&mut self, kind: TokenKind) -> Option<()> {
        (!self.at(kind) && self.error.is_none()).then_some(())
    }

    /// Consumes such a token.
    fn token(&mut self, kind: TokenKind) -> Option<Node> {
        if !self.at(kind) {
            return None;
        }
        let location = self.tokens[self.position].location;
        self.position += 1;
        Some(Node { location, shape: Shape::Other, children: (0, 0) })
    }

    fn any_token(&mut self, kinds: &[TokenKind]) -> Option<Node> {
        kinds.iter().find_map(|&kind| self.token(kind))
    }

    fn name(&mut self) -> Option<Node> {
        self.token(TokenKind::Name).map(|node| Node { shape: Shape::Name, ..node })
    }

    /// Consumes that soft keyword.
    fn word(&mut self, word: &str) -> Option<Node> {
        if self.at(TokenKind::Name) && self.text_at(self.position) == word {
            self.token(TokenKind::Name)
        } else {
            None
        }
    }

    fn text_at(&self, index: usize) -> &'s str {
        self.lexer.text(&self.tokens[index])
    }

    /// Consumes such a token, or reports that it is missing.
    fn force(&mut self, kind: TokenKind, text: &str) -> Option<Node> {
        if let Some(node) = self.token(kind) {
            return Some(node);
        }
        if self.error.is_none() {
            let token = self.token_at(self.position);
            return self.raise(token.location, &format!("expected '{text}'"));
        }
        None
    }

    // Combinators.

    /// Tries it; where it fails nothing is consumed.
    fn attempt<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.error.is_some() || self.depth > MAX_DEPTH {
            return None;
        }
        let position = self.position;
        self.depth += 1;
        let found = rule(self);
        self.depth -= 1;
        if found.is_none() || self.error.is_some() {
            self.position = position;
            return None;
        }
        found
    }

    /// Tries it; succeeds in any case, but for an error.
    fn optional<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        let found = self.attempt(rule);
        self.error.is_none().then_some(found)
    }

    fn many(&mut self, mut rule: impl FnMut(&mut Self) -> Option<Node>) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(node) = self.attempt(&mut rule) {
            nodes.push(node);
        }
        self.error.is_none().then_some(nodes)
    }

    fn some(&mut self, rule: impl FnMut(&mut Self) -> Option<Node>) -> Option<Vec<Node>> {
        self.many(rule).filter(|nodes| !nodes.is_empty())
    }

    /// One or more, with commas between.
    fn list_of(&mut self, mut rule: impl FnMut(&mut Self) -> Option<Node>) -> Option<Vec<Node>> {
        let first = self.attempt(&mut rule)?;
        let mut nodes = vec![first];
        while let Some(node) = self.attempt(|p| {
            p.token(TokenKind::Comma)?;
            rule(p)
        }) {
            nodes.push(node);
        }
        self.error.is_none().then_some(nodes)
    }

    /// Whether it would succeed here.
    fn ahead<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> bool {
        let position = self.position;
        let found = self.attempt(rule).is_some();
        self.position = position;
        found
    }

    fn remembered(&mut self, rule: Rule, read: impl FnOnce(&mut Self) -> Option<Node>) -> Option<Node> {
        let key = (rule, self.position as u32);
        if let Some(&known) = self.memory.get(&key) {
            let (node, end) = known?;
            self.position = end as usize;
            return Some(node);
        }
        let found = self.attempt(read);
        if self.error.is_none() && self.depth <= MAX_DEPTH {
            self.memory.insert(key, found.map(|node| (node, self.position as u32)));
        }
        found
    }

    /// The same with the rules for mistakes switched off.
    fn without_mistakes<T>(&mut self, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let second_pass = std::mem::replace(&mut self.second_pass, false);
        let found = rule(self);
        self.second_pass = second_pass;
        found
    }

    // Nodes.

    /// From the token at `start` to the last one consumed that counts.
    fn since(&self, start: usize) -> Location {
        let first = self.tokens[start].location;
        let last = self.tokens[start..self.position].iter().rev().find(|token| !token.kind.is_whitespace());
        first.to(last.map_or(first, |token| token.location))
    }

    fn node(&self, start: usize, shape: Shape) -> Node {
        Node { location: self.since(start), shape, children: (0, 0) }
    }

    fn node_with(&mut self, start: usize, shape: Shape, children: &[Node]) -> Node {
        let first = self.children.len() as u32;
        self.children.extend_from_slice(children);
        Node { location: self.since(start), shape, children: (first, self.children.len() as u32) }
    }

    fn children_of(&self, node: &Node) -> Vec<Node> {
        self.children[node.children.0 as usize..node.children.1 as usize].to_vec()
    }

    // Errors. All return None, so that a rule can end with one.

    fn error_over(&self, kind: ErrorKind, location: Location, message: &str) -> SyntaxError {
        let place = self.lexer.place_of(location);
        SyntaxError { kind, message: message.to_owned(), place: Some(place) }
    }

    /// "invalid syntax" where the source ends: the end has a line, and no column.
    fn error_at_end_marker(&self) -> SyntaxError {
        let lineno = self.lexer.place_of_end().lineno;
        let place = ErrorPlace { lineno, offset: 0, end_lineno: lineno as i32, end_offset: 0 };
        SyntaxError { kind: ErrorKind::Syntax, message: "invalid syntax".to_owned(), place: Some(place) }
    }

    /// At a token, as CPython points at one; `INDENT` and `DEDENT` have no extent.
    fn error_at_token(&self, kind: ErrorKind, token: Token, message: &str) -> SyntaxError {
        let at_end = matches!(token.kind, TokenKind::Dedent | TokenKind::EndMarker)
            && self.lexer.byte_at(token.start as usize) == 0;
        if at_end {
            let place = self.lexer.place_of_end();
            return SyntaxError { kind, message: message.to_owned(), place: Some(place) };
        }
        if !matches!(token.kind, TokenKind::Indent | TokenKind::Dedent) {
            return self.error_over(kind, token.location, message);
        }
        let lineno = token.location.lineno;
        let offset = self.lexer.offset_in_line(lineno, token.location.col_offset) - 1;
        let place = ErrorPlace { lineno, offset, end_lineno: lineno as i32, end_offset: -1 };
        SyntaxError { kind, message: message.to_owned(), place: Some(place) }
    }

    /// Over that place.
    fn raise<T>(&mut self, location: Location, message: &str) -> Option<T> {
        if self.error.is_none() {
            self.error = Some(Box::new(self.error_over(ErrorKind::Syntax, location, message)));
        }
        None
    }

    /// From that place to the end of what has been looked at.
    fn raise_from<T>(&mut self, location: Location, message: &str) -> Option<T> {
        let last = self.last_token().location;
        self.raise::<T>(location.to(last), message);
        // CPython means the place after the last character read, and says the last one's.
        if let Some(place) = self.error.as_mut().and_then(|error| error.place.as_mut()) {
            place.end_offset -= 1;
        }
        None
    }

    /// At the last token looked at.
    fn raise_last<T>(&mut self, kind: ErrorKind, message: &str) -> Option<T> {
        if self.error.is_none() {
            let error = self.error_at_token(kind, self.last_token(), message);
            self.error = Some(Box::new(error));
        }
        None
    }

    /// Nowhere.
    fn raise_unplaced<T>(&mut self, kind: ErrorKind, message: String) -> Option<T> {
        self.error.get_or_insert_with(|| Box::new(SyntaxError::unplaced(kind, message)));
        None
    }

    /// At the next token.
    fn raise_next<T>(&mut self, message: &str) -> Option<T> {
        let token = self.token_at(self.position);
        if self.error.is_none() {
            let error = self.error_at_token(ErrorKind::Syntax, self.pointed_at(token), message);
            self.error = Some(Box::new(error));
        }
        None
    }

    /// Without the block that `what` in that line needs.
    fn raise_unindented<T>(&mut self, what: &str, line: u32) -> Option<T> {
        self.raise_last(
            ErrorKind::Indentation,
            &format!("expected an indented block after {what} on line {line}"),
        )
    }

    fn file(&mut self) -> Option<()> {
        if self.field {
            return self.star_expressions().map(|_| ());
        }
        while self.attempt(Self::statement).is_some() {}
        self.token(TokenKind::EndMarker).map(|_| ())
    }
}

/// The first alternative that succeeds; each is tried from where the rule starts.
macro_rules! first {
    ($p:ident: $($alternative:expr),+ $(,)?) => { first!($p as $p: $($alternative),+) };
    ($owner:ident as $p:ident: $($alternative:expr),+ $(,)?) => {
        'found: {
            $(if let Some(found) = $owner.attempt(|$p| $alternative) {
                break 'found Some(found);
            })+
            None
        }
    };
}
use first;
