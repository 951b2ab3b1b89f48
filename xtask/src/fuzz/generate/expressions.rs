//! Expressions, as text; what binds more loosely than its place allows gets parentheses.

use super::{Generator, Scope, ScopeKind};

/// How tightly an expression binds, from `:=` to names and brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Any,
    Test,
    Or,
    And,
    Not,
    Comparison,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}

use Binding::{
    And, Any, Atom, Await, BitAnd, BitOr, BitXor, Comparison, Factor, Not, Or, Power, Shift, Sum, Term, Test,
};

const BINARY: [(&str, Binding, Binding); 13] = [
    ("|", BitOr, BitXor),
    ("^", BitXor, BitAnd),
    ("&", BitAnd, Shift),
    ("<<", Shift, Sum),
    (">>", Shift, Sum),
    ("+", Sum, Term),
    ("-", Sum, Term),
    ("*", Term, Factor),
    ("/", Term, Factor),
    ("//", Term, Factor),
    ("%", Term, Factor),
    ("@", Term, Factor),
    ("**", Await, Factor),
];

const COMPARISONS: [&str; 10] = ["<", ">", "<=", ">=", "==", "!=", "in", "not in", "is", "is not"];

impl Generator<'_> {
    /// An expression that stands where `wanted` binds at least so tightly.
    pub(super) fn expression(&mut self, wanted: Binding, depth: usize) -> String {
        let (text, binding) = self.any_expression(depth);
        if binding >= wanted && !(self.random.percent(4) && text.len() < 200) {
            return text;
        }
        format!("({text})")
    }

    pub(super) fn test(&mut self, depth: usize) -> String {
        self.expression(Test, depth)
    }

    fn any_expression(&mut self, depth: usize) -> (String, Binding) {
        if depth == 0 {
            return self.leaf();
        }
        match self.random.weighted(&[14, 12, 8, 7, 8, 4, 14, 9, 8, 5, 3, 6, 5, 5, 4, 3]) {
            0 => self.leaf(),
            1 => self.binary(depth),
            2 => self.comparison(depth),
            3 => self.boolean(depth),
            4 => self.unary(depth),
            5 => (self.ternary(depth), Test),
            6 => (self.call(depth), Atom),
            7 => (format!("{}.{}", self.postfix_base(depth), self.attribute()), Atom),
            8 => (self.subscript(depth), Atom),
            9 => (self.comprehension(depth), Atom),
            10 => (self.lambda(depth), Test),
            11 => (self.display(depth), Atom),
            12 => (self.constant(2.min(depth)), Atom),
            13 => (self.fstring(depth), Atom),
            14 => self.suspended(depth),
            _ => self.walrus(depth),
        }
    }

    fn leaf(&mut self) -> (String, Binding) {
        if self.random.percent(70) {
            return (self.loaded_name().to_owned(), Atom);
        }
        let literal = self.literal();
        let binding = if literal.contains("**") { Power } else { Atom };
        (literal, binding)
    }

    /// What a dot, a bracket or an argument list may follow; numbers not, for their dot is their own.
    fn postfix_base(&mut self, depth: usize) -> String {
        if self.random.percent(60) {
            return self.loaded_name().to_owned();
        }
        let text = self.expression(Atom, depth - 1);
        if text.starts_with(|first: char| first.is_ascii_digit()) { format!("({text})") } else { text }
    }

    fn binary(&mut self, depth: usize) -> (String, Binding) {
        let (operator, left, right) = BINARY[self.random.below(BINARY.len())];
        let (left, right) = (self.expression(left, depth - 1), self.expression(right, depth - 1));
        let space = self.space();
        let binding = BINARY.iter().find(|row| row.0 == operator).map_or(Any, |row| row.1);
        let binding = if operator == "**" { Power } else { binding };
        (format!("{left}{space}{operator} {right}"), binding)
    }

    fn comparison(&mut self, depth: usize) -> (String, Binding) {
        let mut text = self.expression(BitOr, depth - 1);
        let count = if self.random.percent(80) { 1 } else { self.random.between(2, 3) };
        for _ in 0..count {
            let operator = self.random.pick(&COMPARISONS);
            let right = match self.random.below(6) {
                0 => "None".to_owned(),
                1 => self.display(1),
                _ => self.expression(BitOr, depth - 1),
            };
            text += &format!("{}{operator} {right}", self.space());
        }
        (text, Comparison)
    }

    fn boolean(&mut self, depth: usize) -> (String, Binding) {
        let (word, inner, binding) =
            if self.random.percent(50) { ("and", Not, And) } else { ("or", And, Or) };
        let count = self.random.between(2, 3);
        let parts: Vec<_> = (0..count).map(|_| self.expression(inner, depth - 1)).collect();
        let space = self.space();
        (parts.join(&format!("{space}{word} ")), binding)
    }

    fn unary(&mut self, depth: usize) -> (String, Binding) {
        if self.random.percent(50) {
            return (format!("not {}", self.expression(Not, depth - 1)), Not);
        }
        let sign = self.random.pick(&["-", "+", "~"]);
        (format!("{sign}{}", self.expression(Factor, depth - 1)), Factor)
    }

    fn ternary(&mut self, depth: usize) -> String {
        let (body, test) = (self.expression(Or, depth - 1), self.expression(Or, depth - 1));
        let space = self.space();
        format!("{body}{space}if {test} else {}", self.expression(Test, depth - 1))
    }

    /// `await` and `yield`, where they may be.
    fn suspended(&mut self, depth: usize) -> (String, Binding) {
        let kind = self.kind();
        let is_barred = self.limits.is_annotation;
        if (kind.is_async() && !is_barred && self.random.percent(60)) || self.is_wild() {
            return (format!("await {}", self.expression(Atom, depth - 1)), Await);
        }
        let yields = matches!(kind, ScopeKind::Generator | ScopeKind::AsyncGenerator | ScopeKind::Lambda);
        if (!yields || self.limits.in_comprehension || is_barred) && !self.is_wild() {
            return self.leaf();
        }
        let text = match self.random.below(3) {
            0 => "(yield)".to_owned(),
            1 if kind != ScopeKind::AsyncGenerator => format!("(yield from {})", self.test(depth - 1)),
            _ => format!("(yield {})", self.star_list(depth - 1)),
        };
        (text, Atom)
    }

    fn walrus(&mut self, depth: usize) -> (String, Binding) {
        let is_barred = self.limits.bars_walrus || self.limits.is_annotation;
        if is_barred && !self.is_wild() {
            return self.leaf();
        }
        let name = self.walrus_name();
        (format!("({name} := {})", self.test(depth - 1)), Atom)
    }

    /// Expressions with commas between them, some with stars; at least one.
    pub(super) fn star_list(&mut self, depth: usize) -> String {
        let count = self.random.weighted(&[0, 6, 2, 1]);
        let mut items: Vec<_> = (0..count).map(|_| self.maybe_starred(depth)).collect();
        if count == 1 && items[0].starts_with('*') {
            items.push(String::new());
        }
        items.join(", ").trim_end().to_owned()
    }

    fn maybe_starred(&mut self, depth: usize) -> String {
        if self.random.percent(12) {
            return format!("*{}", self.expression(BitOr, depth.saturating_sub(1)));
        }
        self.test(depth)
    }

    fn items(
        &mut self,
        depth: usize,
        longest: usize,
        mut make: impl FnMut(&mut Self, usize) -> String,
    ) -> Vec<String> {
        let count =
            if self.random.percent(2) { self.random.between(15, 40) } else { self.random.below(longest) };
        let depth = if count > 6 { 0 } else { depth };
        (0..count).map(|_| make(self, depth)).collect()
    }

    fn comma(&mut self) -> String {
        format!(",{}", self.space())
    }

    /// A tuple, list, set or dictionary.
    fn display(&mut self, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        match self.random.below(5) {
            0 | 1 => self.bracketed("(", ")", |this| {
                let mut items = this.items(depth, 4, Self::maybe_starred);
                if items.len() == 1 {
                    items.push(String::new());
                }
                let comma = this.comma();
                items.join(&comma)
            }),
            2 => self.bracketed("[", "]", |this| {
                let items = this.items(depth, 5, Self::maybe_starred);
                let comma = this.comma();
                items.join(&comma)
            }),
            3 => self.bracketed("{", "}", |this| {
                let mut items = this.items(depth, 4, Self::maybe_starred);
                items.push(this.test(depth));
                let comma = this.comma();
                items.join(&comma)
            }),
            _ => self.bracketed("{", "}", |this| {
                let items = this.items(depth, 4, |this, depth| {
                    if this.random.percent(10) {
                        return format!("**{}", this.expression(BitOr, depth));
                    }
                    let key = if this.random.percent(60) { this.literal() } else { this.test(depth) };
                    format!("{key}: {}", this.test(depth))
                });
                let comma = this.comma();
                items.join(&comma)
            }),
        }
    }

    /// A call, with arguments of all kinds.
    pub(super) fn call(&mut self, depth: usize) -> String {
        let callee = match self.random.below(8) {
            0 | 1 => format!("{}.{}", self.postfix_base(depth), self.attribute()),
            2 => "super()".to_owned() + &format!(".{}", self.attribute()),
            3 => self.random.pick(&["any", "all", "tuple", "list", "''.join"]).to_owned(),
            _ => self.postfix_base(depth),
        };
        format!("{callee}{}", self.arguments(depth))
    }

    pub(super) fn arguments(&mut self, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        self.bracketed("(", ")", |this| {
            if this.random.percent(6) {
                return this.clauses(depth, |this, depth| this.test(depth));
            }
            let mut items = this.items(depth, 4, Self::maybe_starred);
            let (mut keyword, keywords) = (0, this.random.weighted(&[6, 2, 1, 1]));
            for _ in 0..keywords {
                if this.random.percent(15) {
                    items.push(format!("**{}", this.test(depth)));
                } else {
                    keyword += 1;
                    let number = if this.is_wild() { 0 } else { keyword };
                    items.push(format!("k{number}={}", this.test(depth)));
                }
            }
            let comma = this.comma();
            items.join(&comma)
        })
    }

    pub(super) fn subscript(&mut self, depth: usize) -> String {
        let base = self.postfix_base(depth);
        let inner = depth - 1;
        let index = self.bracketed("[", "]", |this| match this.random.below(6) {
            0 | 1 => this.test(inner),
            2 | 3 => this.slice(inner),
            4 => format!("{}, {}", this.slice(inner), this.maybe_starred(inner)),
            _ => this.random.pick(&["0", "-1", "'a'", "...", "()", "256", ":", "::"]).to_owned(),
        });
        format!("{base}{index}")
    }

    fn slice(&mut self, depth: usize) -> String {
        let part = |this: &mut Self| match this.random.below(4) {
            0 => String::new(),
            1 => this.random.pick(&["0", "1", "-1", "None", "2"]).to_owned(),
            _ => this.expression(Test, depth.min(1)),
        };
        let (start, stop) = (part(self), part(self));
        if self.random.percent(30) {
            format!("{start}:{stop}:{}", part(self))
        } else {
            format!("{start}:{stop}")
        }
    }

    fn lambda(&mut self, depth: usize) -> String {
        let (parameters, names) = self.parameters(depth - 1, super::definitions::Annotated::Never);
        let kind = if self.kind() == ScopeKind::Class || self.limits.is_annotation {
            ScopeKind::Function
        } else {
            ScopeKind::Lambda
        };
        self.scopes.push(Scope { kind, bound: names, declared: Vec::new() });
        let body = self.limited(|limits| limits.in_comprehension = false, |this| this.test(depth - 1));
        self.scopes.pop();
        let gap = if parameters.is_empty() { "" } else { " " };
        format!("lambda{gap}{parameters}: {body}")
    }

    /// A list, set or dictionary comprehension, or a generator expression.
    fn comprehension(&mut self, depth: usize) -> String {
        let inner = depth - 1;
        match self.random.below(5) {
            0 | 1 => self.bracketed("[", "]", |this| this.clauses(inner, |this, depth| this.test(depth))),
            2 => self.bracketed("{", "}", |this| this.clauses(inner, |this, depth| this.test(depth))),
            3 => self.bracketed("{", "}", |this| {
                this.clauses(inner, |this, depth| format!("{}: {}", this.test(depth), this.test(depth)))
            }),
            _ => self.bracketed("(", ")", |this| this.clauses(inner, |this, depth| this.test(depth))),
        }
    }

    fn clauses(&mut self, depth: usize, element: impl FnOnce(&mut Self, usize) -> String) -> String {
        let in_class = self.kind() == ScopeKind::Class;
        let element = self.limited(
            |limits| {
                limits.in_comprehension = true;
                limits.bars_walrus |= in_class;
            },
            |this| element(this, depth),
        );
        let mut text = element;
        for _ in 0..self.random.weighted(&[0, 7, 2, 1]) {
            let is_async = self.kind().is_async() && !self.limits.is_annotation && self.random.percent(30);
            let word = if is_async || self.is_wild() { "async for" } else { "for" };
            let target = self.comprehension_target();
            let iterable = self.limited(
                |limits| {
                    limits.bars_walrus = true;
                    limits.in_comprehension = true;
                },
                |this| match this.random.below(8) {
                    0 => format!("[{}]", this.test(depth)),
                    1 => format!("({},)", this.test(depth)),
                    _ => this.expression(Or, depth),
                },
            );
            let space = self.space();
            text += &format!("{space}{word} {target} in {iterable}");
            for _ in 0..self.random.weighted(&[6, 3, 1]) {
                let condition = self.limited(
                    |limits| {
                        limits.in_comprehension = true;
                        limits.bars_walrus |= in_class;
                    },
                    |this| this.expression(Or, depth),
                );
                text += &format!("{}if {condition}", self.space());
            }
        }
        text
    }

    fn comprehension_target(&mut self) -> String {
        match self.random.below(10) {
            0 => format!("{}, {}", self.name(), self.name()),
            1 => format!("({}, *{})", self.name(), self.name()),
            2 => format!("{}.{}", self.name(), self.attribute()),
            3 => format!("{}[{}]", self.name(), self.number()),
            _ => self.name().to_owned(),
        }
    }

    /// An f-string, or a template string where there are any.
    fn fstring(&mut self, depth: usize) -> String {
        let is_template = self.grammar.template_strings && self.random.percent(15);
        let prefix = if is_template {
            self.random.pick(&["t", "rt"])
        } else {
            self.random.pick(&["f", "f", "F", "rf"])
        };
        let quote = self.random.pick(&["'", "\"", "'''"]);
        let mut text = format!("{prefix}{quote}");
        for _ in 0..self.random.below(4) {
            if self.random.percent(50) {
                text += self.random.pick(&["a", " b ", "{{", "}}", "é", "%s", "x=", "\\n", ": ", "!"]);
            } else {
                text += &self.replacement_field(depth - 1, 1);
            }
        }
        text += quote;
        if !is_template && self.random.percent(15) {
            text += self.random.pick(&[" 'tail'", " ''", " f'{a}'"]);
            return format!("({text})");
        }
        text
    }

    fn replacement_field(&mut self, depth: usize, nested: usize) -> String {
        let value = self.limited(
            |limits| {
                limits.in_fstring = true;
                limits.brackets += 1;
            },
            |this| this.expression(Or, depth.min(2)),
        );
        let gap = if value.starts_with('{') || value.starts_with("lambda") { " " } else { "" };
        let mut text = format!("{{{gap}{value}");
        if self.random.percent(12) {
            text += self.random.pick(&["=", " = ", "= "]);
        }
        if self.random.percent(25) {
            text += self.random.pick(&["!r", "!s", "!a"]);
        }
        if self.random.percent(25) {
            text += self.random.pick(&[":", ":>10", ":%Y"]);
            if nested > 0 && self.random.percent(50) {
                text += &self.replacement_field(0, nested - 1);
                text += self.random.pick(&["", "x"]);
            }
        }
        text + "}"
    }
}
