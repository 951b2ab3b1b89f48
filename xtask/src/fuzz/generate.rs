//! Programs out of nothing: the grammar, followed by chance, with enough of the scopes known that most are valid.
//!
//! A wild program ignores, now and then, what makes it valid: a `return` at module level, a name declared too late.

mod definitions;
mod expressions;
mod large;
mod literals;
mod patterns;
mod statements;

use prepyc_version::Grammar;

use super::random::Random;

/// Deeper than this, statements have no blocks.
const BLOCK_DEPTH: usize = 5;

/// What a scope allows and has.
#[derive(Clone, Debug)]
struct Scope {
    kind: ScopeKind,
    /// Assigned so far, and free to be declared nonlocal further in.
    bound: Vec<&'static str>,
    /// Declared global or nonlocal: annotations may not name them.
    declared: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeKind {
    Module,
    Class,
    Function,
    Generator,
    Coroutine,
    AsyncGenerator,
    Lambda,
}

impl ScopeKind {
    const fn is_async(self) -> bool {
        matches!(self, ScopeKind::Coroutine | ScopeKind::AsyncGenerator)
    }

    const fn is_function(self) -> bool {
        !matches!(self, ScopeKind::Module | ScopeKind::Class)
    }
}

/// What may stand where an expression stands.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    /// No `:=`: the iterable of a comprehension, a comprehension in a class.
    bars_walrus: bool,
    /// No `yield`, `await` or `:=`: an annotation, a type parameter.
    is_annotation: bool,
    /// In a comprehension or a generator expression.
    in_comprehension: bool,
    /// In a replacement field: no comments, no backslashes to speak of.
    in_fstring: bool,
    /// Inside brackets, where lines may end.
    brackets: usize,
}

/// Writes one program.
pub(super) struct Generator<'r> {
    random: &'r mut Random,
    grammar: &'static Grammar,
    out: String,
    indent: usize,
    unit: &'static str,
    scopes: Vec<Scope>,
    limits: Limits,
    /// Around the statement: loops that `break` and `continue` may mean.
    loops: usize,
    /// Inside `except*`: neither `return`, `break` nor `continue`.
    in_group: bool,
    /// How likely, in a hundred, a rule is ignored where it could be.
    wildness: usize,
    /// How likely, in a hundred, a line ends where it may.
    breaks: usize,
    /// Blocks begun so far; a program has only so many.
    blocks: usize,
}

/// A program for the grammar.
pub(super) fn program(random: &mut Random, grammar: &'static Grammar) -> Vec<u8> {
    if random.below(400) == 0 {
        return large::program(random).into_bytes();
    }
    let wildness = if random.percent(12) { random.between(1, 8) } else { 0 };
    let breaks = if random.percent(30) { random.between(1, 12) } else { 0 };
    let unit = random.pick(&["    ", "    ", "  ", " ", "\t"]);
    let scope = Scope { kind: ScopeKind::Module, bound: Vec::new(), declared: Vec::new() };
    let mut generator = Generator {
        random,
        grammar,
        out: String::new(),
        indent: 0,
        unit,
        scopes: vec![scope],
        limits: Limits::default(),
        loops: 0,
        in_group: false,
        wildness,
        breaks,
        blocks: 0,
    };
    generator.module();
    let mut text = generator.out;
    if random.percent(3) {
        text = text.trim_end().to_owned();
    }
    if random.percent(2) {
        text = text.replace('\n', "\r\n");
    }
    text.into_bytes()
}

impl Generator<'_> {
    fn module(&mut self) {
        if self.random.percent(15) {
            self.docstring();
        }
        if self.random.percent(10) {
            self.line("from __future__ import annotations");
        }
        for _ in 0..self.random.between(1, 7) {
            self.statement();
        }
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the module's scope is always there")
    }

    fn kind(&self) -> ScopeKind {
        self.scopes.last().map_or(ScopeKind::Module, |scope| scope.kind)
    }

    /// Whether a rule is ignored this once.
    fn is_wild(&mut self) -> bool {
        self.wildness > 0 && self.random.percent(self.wildness)
    }

    /// Writes a line of the program.
    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out += self.unit;
        }
        self.out += text;
        if self.random.percent(1) {
            self.out += "  # comment";
        }
        self.out.push('\n');
        if self.random.percent(4) {
            self.out.push('\n');
        }
    }

    /// A space, or the end of a line where one may be.
    fn space(&mut self) -> &'static str {
        if self.limits.brackets > 0 && self.breaks > 0 && self.random.percent(self.breaks) {
            return self.random.pick(&["\n", "\n  ", " \n        ", "\n\n "]);
        }
        " "
    }

    /// What `make` gives, while limits are changed by `change`.
    fn limited<T>(&mut self, change: impl FnOnce(&mut Limits), make: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.limits;
        change(&mut self.limits);
        let made = make(self);
        self.limits = before;
        made
    }

    /// What `make` gives, between brackets.
    fn bracketed(&mut self, open: &str, close: &str, make: impl FnOnce(&mut Self) -> String) -> String {
        let inner = self.limited(|limits| limits.brackets += 1, make);
        if self.breaks > 0 && self.random.percent(self.breaks) {
            return format!("{open}\n{inner}\n{close}");
        }
        format!("{open}{inner}{close}")
    }
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::*;

    #[test]
    fn a_seed_gives_one_program_and_another_seed_another() {
        let grammar = PyVersion::Py314.grammar();
        let make = |seed| program(&mut Random::new(seed), grammar);
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}
