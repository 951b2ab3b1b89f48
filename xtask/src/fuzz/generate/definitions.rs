//! Functions, classes, their parameters and what is declared at the head of a scope.

use super::{Generator, Scope, ScopeKind};

/// Whether parameters may have annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotated {
    Never,
    Sometimes,
}

impl Generator<'_> {
    fn decorators(&mut self) {
        while self.random.percent(14) {
            let text = self.limited(|_| (), |this| this.test(1));
            self.line(&format!("@{text}"));
        }
    }

    pub(super) fn function(&mut self) {
        self.decorators();
        let kind = match self.random.weighted(&[12, 4, 4, 2]) {
            0 => ScopeKind::Function,
            1 => ScopeKind::Generator,
            2 => ScopeKind::Coroutine,
            _ => ScopeKind::AsyncGenerator,
        };
        let name = self.bind();
        let type_parameters = self.type_parameters();
        let (parameters, names) = self.parameters(2, Annotated::Sometimes);
        let result =
            if self.random.percent(20) { format!(" -> {}", self.annotation()) } else { String::new() };
        let word = if kind.is_async() { "async def" } else { "def" };
        self.line(&format!("{word} {name}{type_parameters}({parameters}){result}:"));
        self.scope_body(kind, names);
    }

    pub(super) fn class(&mut self) {
        self.decorators();
        let name = self.bind();
        let type_parameters = self.type_parameters();
        let bases = if self.random.percent(40) { self.arguments(2) } else { String::new() };
        let bases = if bases.contains(" for ") { "(a)".to_owned() } else { bases };
        self.line(&format!("class {name}{type_parameters}{bases}:"));
        self.scope_body(ScopeKind::Class, Vec::new());
    }

    fn scope_body(&mut self, kind: ScopeKind, parameters: Vec<&'static str>) {
        let outside = (self.loops, self.in_group);
        (self.loops, self.in_group) = (0, false);
        self.indent += 1;
        let mut wrote = false;
        if self.random.percent(15) {
            self.docstring();
            wrote = true;
        }
        let declared = self.declarations(kind, &parameters);
        wrote |= !declared.is_empty();
        self.scopes.push(Scope { kind, bound: parameters, declared });
        if matches!(kind, ScopeKind::Generator | ScopeKind::AsyncGenerator) {
            self.line("yield");
        }
        let count = self.random.between(usize::from(!wrote), 4);
        for _ in 0..count {
            self.statement();
        }
        self.scopes.pop();
        self.indent -= 1;
        (self.loops, self.in_group) = outside;
    }

    /// `global` and `nonlocal` at the head of a scope, where they always may be.
    fn declarations(&mut self, kind: ScopeKind, parameters: &[&'static str]) -> Vec<&'static str> {
        let mut declared = Vec::new();
        if self.random.percent(12) {
            let name = self.name();
            if (!parameters.contains(&name) && name != "__p") || self.is_wild() {
                self.line(&format!("global {name}"));
                declared.push(name);
            }
        }
        let outer: Vec<&'static str> = self
            .scopes
            .iter()
            .filter(|scope| scope.kind.is_function() && scope.kind != ScopeKind::Lambda)
            .flat_map(|scope| scope.bound.iter().copied())
            .collect();
        if !outer.is_empty() && self.random.percent(25) && kind != ScopeKind::Lambda {
            let name = outer[self.random.below(outer.len())];
            if !parameters.contains(&name) && !declared.contains(&name) && name != "__p" {
                self.line(&format!("nonlocal {name}"));
                declared.push(name);
            }
        }
        declared
    }

    /// Parameters of all kinds, and their names.
    pub(super) fn parameters(&mut self, depth: usize, annotated: Annotated) -> (String, Vec<&'static str>) {
        let mut names: Vec<&'static str> = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        let mut has_default = false;
        let positional = self.random.weighted(&[3, 4, 3, 1]);
        let slash = if self.random.percent(15) { self.random.below(positional + 1) } else { 0 };
        for index in 0..positional {
            if let Some(name) = self.fresh(&mut names) {
                has_default |= self.random.percent(20);
                let text = self.parameter(name, depth, annotated, has_default);
                parts.push(text);
            }
            if index + 1 == slash && !parts.is_empty() {
                parts.push("/".to_owned());
            }
        }
        let star = self.random.percent(20);
        let keywords = if star || self.random.percent(15) { self.random.below(3) } else { 0 };
        let keyword_names: Vec<_> = (0..keywords).filter_map(|_| self.fresh(&mut names)).collect();
        if star {
            if let Some(name) = self.fresh(&mut names) {
                let annotation = self.parameter_annotation(annotated);
                parts.push(format!("*{name}{annotation}"));
            }
        } else if !keyword_names.is_empty() {
            parts.push("*".to_owned());
        }
        for name in keyword_names {
            let defaulted = self.random.percent(50);
            let text = self.parameter(name, depth, annotated, defaulted);
            parts.push(text);
        }
        if self.random.percent(15)
            && let Some(name) = self.fresh(&mut names)
        {
            let annotation = self.parameter_annotation(annotated);
            parts.push(format!("**{name}{annotation}"));
        }
        (parts.join(", "), names)
    }

    fn fresh(&mut self, names: &mut Vec<&'static str>) -> Option<&'static str> {
        let name = self.name();
        if names.contains(&name) && !self.is_wild() {
            return None;
        }
        names.push(name);
        Some(name)
    }

    fn parameter_annotation(&mut self, annotated: Annotated) -> String {
        if annotated == Annotated::Sometimes && self.random.percent(20) {
            return format!(": {}", self.annotation());
        }
        String::new()
    }

    fn parameter(&mut self, name: &str, depth: usize, annotated: Annotated, has_default: bool) -> String {
        let annotation = self.parameter_annotation(annotated);
        if !has_default {
            return format!("{name}{annotation}");
        }
        let value = if self.random.percent(50) { self.constant(1) } else { self.test(depth.min(1)) };
        format!("{name}{annotation}={value}")
    }

    /// `[T: bound = default, *Ts, **P]`, or mostly nothing.
    pub(super) fn type_parameters(&mut self) -> String {
        if !self.random.percent(12) {
            return String::new();
        }
        let mut has_default = false;
        let mut parts = Vec::new();
        for name in &["T", "U", "*Ts", "**P"][self.random.below(2)..self.random.between(2, 4)] {
            let mut text = (*name).to_owned();
            if !name.starts_with('*') && self.random.percent(40) {
                text += &format!(": {}", self.annotation());
            }
            has_default |= self.random.percent(20);
            if has_default {
                text += &format!(" = {}", self.annotation());
            }
            parts.push(text);
        }
        format!("[{}]", parts.join(", "))
    }
}
