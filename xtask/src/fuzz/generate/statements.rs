//! Statements, line by line.

use super::expressions::Binding;
use super::{BLOCK_DEPTH, Generator, ScopeKind};

/// A program has no more blocks than this: some grow without end otherwise.
const BLOCKS: usize = 40;

impl Generator<'_> {
    /// One statement, with all that stands in it.
    pub(super) fn statement(&mut self) {
        if self.indent >= BLOCK_DEPTH || self.blocks >= BLOCKS || self.random.percent(52) {
            return self.simple_line();
        }
        self.blocks += 1;
        match self.random.weighted(&[12, 5, 8, 9, 6, 5, 14, 6]) {
            0 => self.if_statement(),
            1 => self.while_loop(),
            2 => self.for_loop(),
            3 => self.try_statement(),
            4 => self.with_statement(),
            5 => self.match_statement(),
            6 => self.function(),
            _ => self.class(),
        }
    }

    fn simple_line(&mut self) {
        let mut text = self.simple_statement();
        while self.random.percent(6) {
            text += "; ";
            text += &self.simple_statement();
        }
        if self.random.percent(2) {
            text.push(';');
        }
        self.line(&text);
    }

    /// A block's statements, one level further in.
    pub(super) fn block(&mut self) {
        self.indent += 1;
        match self.random.below(10) {
            0 => self.line("pass"),
            1 => {
                let text = self.leaving();
                self.line(&text);
            }
            _ => {
                for _ in 0..self.random.weighted(&[0, 5, 3, 1]) {
                    self.statement();
                }
            }
        }
        self.indent -= 1;
    }

    fn block_after(&mut self, head: &str) {
        if self.random.percent(8) {
            let body = self.simple_statement();
            return self.line(&format!("{head}: {body}"));
        }
        self.line(&format!("{head}:"));
        self.block();
    }

    fn loop_block_after(&mut self, head: &str) {
        let before = (self.loops, self.in_group);
        self.loops += 1;
        self.in_group = false;
        self.block_after(head);
        (self.loops, self.in_group) = before;
    }

    fn simple_statement(&mut self) -> String {
        let depth = self.random.between(0, 3);
        match self.random.weighted(&[12, 18, 7, 4, 3, 6, 3, 3, 4, 2, 2]) {
            0 => self.star_list(depth),
            1 => self.assignment(depth),
            2 => self.augmented_assignment(depth),
            3 => self.annotated_assignment(depth),
            4 => self.deletion(depth),
            5 => self.leaving(),
            6 => match self.random.below(3) {
                0 => format!("assert {}", self.test(depth)),
                1 => format!("assert {}, {}", self.test(depth), self.test(1)),
                _ => "assert 0".to_owned(),
            },
            7 => self.import(),
            8 => format!("{} = {}", self.bind(), self.constant(3)),
            9 => self.late_declaration(),
            _ => self.random.pick(&["pass", "...", "'text'", "1", "(1, 2)", "None", "x", "a.b"]).to_owned(),
        }
    }

    /// A declaration out of its place, in wild programs.
    fn late_declaration(&mut self) -> String {
        if !self.is_wild() {
            return self.type_alias();
        }
        format!("{} {}", self.random.pick(&["global", "nonlocal"]), self.name())
    }

    fn type_alias(&mut self) -> String {
        let name = self.bind();
        let parameters = self.type_parameters();
        let value = self.limited(|limits| limits.is_annotation = true, |this| this.test(2));
        format!("type {name}{parameters} = {value}")
    }

    /// What leaves a block: `return`, `raise`, `break`, `continue`.
    fn leaving(&mut self) -> String {
        let mut ways = vec!["raise", "raise"];
        let kind = self.kind();
        if kind.is_function() && !self.in_group || self.is_wild() {
            ways.extend(["return", "return", "return"]);
        }
        if self.loops > 0 && !self.in_group || self.is_wild() {
            ways.extend(["break", "continue"]);
        }
        let depth = self.random.between(0, 2);
        match self.random.pick(&ways) {
            "return" if kind == ScopeKind::AsyncGenerator && !self.is_wild() => "return".to_owned(),
            "return" => match self.random.below(4) {
                0 => "return".to_owned(),
                1 => format!("return {}", self.constant(1)),
                _ => format!("return {}", self.star_list(depth)),
            },
            "raise" => match self.random.below(4) {
                0 => "raise".to_owned(),
                1 => format!("raise {} from {}", self.test(depth), self.test(1)),
                _ => format!("raise {}", self.test(depth)),
            },
            word => word.to_owned(),
        }
    }

    /// A name that is assigned from here on.
    pub(super) fn bind(&mut self) -> &'static str {
        let name = self.name();
        let scope = self.scope();
        if !scope.bound.contains(&name) && !scope.declared.contains(&name) {
            scope.bound.push(name);
        }
        name
    }

    /// Something to assign to.
    pub(super) fn target(&mut self, depth: usize) -> String {
        match self.random.weighted(&[14, 3, 3, if depth > 0 { 4 } else { 0 }, 1]) {
            0 => self.bind().to_owned(),
            1 => format!("{}.{}", self.name(), self.attribute()),
            2 => self.subscript(1),
            3 => {
                let count = self.random.between(1, 4);
                let starred = self.random.below(count * 3);
                let mut items: Vec<String> = (0..count)
                    .map(|index| {
                        let star = if index == starred { "*" } else { "" };
                        format!("{star}{}", self.target(depth - 1))
                    })
                    .collect();
                if self.random.percent(40) {
                    return format!("[{}]", items.join(", "));
                }
                if count == 1 {
                    items.push(String::new());
                }
                format!("({})", items.join(", "))
            }
            _ => self.random.pick(&["()", "[]", "(a)", "self.x"]).to_owned(),
        }
    }

    fn assignment(&mut self, depth: usize) -> String {
        match self.random.below(10) {
            0 => {
                let count = self.random.between(2, 4);
                let names: Vec<_> = (0..count).map(|_| self.bind()).collect();
                let values: Vec<_> = (0..count).map(|_| self.test(depth.min(1))).collect();
                return format!("{} = {}", names.join(", "), values.join(", "));
            }
            1 if matches!(self.kind(), ScopeKind::Generator | ScopeKind::AsyncGenerator) => {
                return format!("{} = yield {}", self.bind(), self.star_list(depth));
            }
            _ => {}
        }
        let mut text = String::new();
        for _ in 0..self.random.weighted(&[0, 8, 1, 1]) {
            text += &format!("{} = ", self.target(2));
        }
        text + &self.star_list(depth)
    }

    fn augmented_assignment(&mut self, depth: usize) -> String {
        let target = match self.random.below(4) {
            0 => self.subscript(1),
            1 => format!("{}.{}", self.name(), self.attribute()),
            _ => self.bind().to_owned(),
        };
        let operator =
            self.random.pick(&["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "+"]);
        format!("{target} {operator}= {}", self.test(depth))
    }

    fn annotated_assignment(&mut self, depth: usize) -> String {
        let name = self.name();
        let is_declared = self.scope().declared.contains(&name);
        let target = match self.random.below(6) {
            0 => format!("{}.{}", self.name(), self.attribute()),
            1 => format!("{}[0]", self.name()),
            2 if !is_declared => format!("({name})"),
            _ if !is_declared || self.is_wild() => self.bind_known(name).to_owned(),
            _ => "self.x".to_owned(),
        };
        let annotation = self.annotation();
        if self.random.percent(50) {
            return format!("{target}: {annotation}");
        }
        format!("{target}: {annotation} = {}", self.star_list(depth))
    }

    fn bind_known(&mut self, name: &'static str) -> &'static str {
        if !self.scope().bound.contains(&name) {
            self.scope().bound.push(name);
        }
        name
    }

    pub(super) fn annotation(&mut self) -> String {
        let depth = self.random.below(3);
        self.limited(|limits| limits.is_annotation = true, |this| this.test(depth))
    }

    fn deletion(&mut self, depth: usize) -> String {
        match self.random.below(4) {
            0 => format!("del {}.{}", self.name(), self.attribute()),
            1 => format!("del {}", self.subscript(depth.max(1))),
            2 => format!("del {}, ({}, [{}])", self.bind(), self.bind(), self.bind()),
            _ => format!("del {}", self.bind()),
        }
    }

    fn import(&mut self) -> String {
        let name = self.bind();
        match self.random.below(8) {
            0 => format!("import {name}.b.c"),
            1 => format!("import a.b.c as {name}, {name}"),
            2 => format!("from . import {name}"),
            3 => format!("from ..a.b import (c as {name}, {name},)"),
            4 if self.kind() == ScopeKind::Module || self.is_wild() => "from a import *".to_owned(),
            _ => format!("import {name}"),
        }
    }

    fn if_statement(&mut self) {
        let head = format!("if {}", self.condition());
        self.block_after(&head);
        while self.random.percent(25) {
            let head = format!("elif {}", self.condition());
            self.block_after(&head);
        }
        if self.random.percent(40) {
            self.block_after("else");
        }
    }

    fn condition(&mut self) -> String {
        let depth = self.random.between(0, 3);
        match self.random.below(8) {
            0 => self
                .random
                .pick(&["0", "1", "True", "False", "None", "''", "not 0", "__debug__", "...", "()"])
                .to_owned(),
            1 => self.walrus_condition(),
            _ => self.test(depth),
        }
    }

    fn walrus_condition(&mut self) -> String {
        let name = self.walrus_name();
        format!("({name} := {}) and {name}", self.test(1))
    }

    fn while_loop(&mut self) {
        let head = format!("while {}", self.condition());
        self.loop_block_after(&head);
        if self.random.percent(25) {
            self.block_after("else");
        }
    }

    fn for_loop(&mut self) {
        let is_async = self.kind().is_async() && self.random.percent(40) || self.is_wild();
        let word = if is_async { "async for" } else { "for" };
        let target = self.target(2);
        let depth = self.random.between(0, 2);
        let head = format!("{word} {target} in {}", self.star_list(depth));
        self.loop_block_after(&head);
        if self.random.percent(25) {
            self.block_after("else");
        }
    }

    fn try_statement(&mut self) {
        self.block_after("try");
        let mut has_handler = false;
        if self.random.percent(80) {
            has_handler = true;
            let is_group = self.random.percent(20);
            let before = self.in_group;
            self.in_group |= is_group;
            let word = if is_group { "except*" } else { "except" };
            for _ in 0..self.random.between(1, 3) {
                let head = self.handler(word);
                self.block_after(&head);
            }
            if !is_group && self.random.percent(20) {
                self.block_after("except");
            }
            self.in_group = before;
            if self.random.percent(30) {
                self.block_after("else");
            }
        }
        if !has_handler || self.random.percent(40) {
            self.block_after("finally");
        }
    }

    fn handler(&mut self, word: &str) -> String {
        if self.grammar.except_without_parentheses && self.random.percent(10) {
            return format!("{word} {}, {}", self.name(), self.name());
        }
        let class = self.test(1);
        if self.random.percent(50) {
            format!("{word} {class} as {}", self.bind())
        } else {
            format!("{word} {class}")
        }
    }

    fn with_statement(&mut self) {
        let is_async = self.kind().is_async() && self.random.percent(50) || self.is_wild();
        let word = if is_async { "async with" } else { "with" };
        let count = self.random.weighted(&[0, 6, 2, 1]);
        let items: Vec<String> = (0..count)
            .map(|_| {
                let manager = self.expression(Binding::Or, 2);
                if self.random.percent(50) { format!("{manager} as {}", self.target(1)) } else { manager }
            })
            .collect();
        let head = if self.random.percent(20) {
            format!("{word} (\n{},\n)", items.join(",\n    "))
        } else {
            format!("{word} {}", items.join(", "))
        };
        self.block_after(&head);
    }
}
