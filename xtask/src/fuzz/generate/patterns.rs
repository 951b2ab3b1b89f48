//! `match` and its patterns.

use super::Generator;

impl Generator<'_> {
    pub(super) fn match_statement(&mut self) {
        let subject = self.star_list(1);
        self.line(&format!("match {subject}:"));
        self.indent += 1;
        let count = self.random.between(1, 4);
        for index in 0..count {
            let mut captured = Vec::new();
            let pattern = match self.random.below(8) {
                0 if index + 1 == count || self.is_wild() => "_".to_owned(),
                1 => format!("{}, {}", self.pattern(1, &mut captured), self.pattern(1, &mut captured)),
                _ => {
                    let pattern = self.closed_pattern(2, &mut captured);
                    self.refutable(pattern, &mut captured)
                }
            };
            let guard = if self.random.percent(25) { format!(" if {}", self.test(2)) } else { String::new() };
            self.line(&format!("case {pattern}{guard}:"));
            self.block();
        }
        self.indent -= 1;
    }

    /// A pattern with, at times, a name for the whole.
    fn refutable(&mut self, pattern: String, captured: &mut Vec<&'static str>) -> String {
        if self.random.percent(15)
            && let Some(name) = self.capture(captured)
        {
            return format!("{pattern} as {name}");
        }
        pattern
    }

    fn capture(&mut self, captured: &mut Vec<&'static str>) -> Option<&'static str> {
        let name = self.name();
        if name == "_" || (captured.contains(&name) && !self.is_wild()) {
            return None;
        }
        captured.push(name);
        Some(self.bind_capture(name))
    }

    fn bind_capture(&mut self, name: &'static str) -> &'static str {
        let scope = self.scope();
        if !scope.bound.contains(&name) && !scope.declared.contains(&name) {
            scope.bound.push(name);
        }
        name
    }

    fn pattern(&mut self, depth: usize, captured: &mut Vec<&'static str>) -> String {
        match self.random.below(5) {
            0 => "_".to_owned(),
            1 | 2 => self.capture(captured).unwrap_or("_").to_owned(),
            _ => {
                let pattern = self.closed_pattern(depth, captured);
                self.refutable(pattern, captured)
            }
        }
    }

    /// One that may fail to match.
    fn closed_pattern(&mut self, depth: usize, captured: &mut Vec<&'static str>) -> String {
        if depth == 0 {
            return self.value_pattern();
        }
        match self.random.weighted(&[5, 4, 3, 3, 3, 1]) {
            0 => self.value_pattern(),
            1 => self.sequence_pattern(depth, captured),
            2 => self.mapping_pattern(depth, captured),
            3 => self.class_pattern(depth, captured),
            4 => {
                let count = self.random.between(2, 3);
                let parts: Vec<_> = (0..count).map(|_| self.value_pattern()).collect();
                parts.join(" | ")
            }
            _ => {
                // Alternatives that bind the same names.
                let Some(name) = self.capture(captured) else { return self.value_pattern() };
                format!("([{name}] | [_, {name}] | {{'k': {name}}})")
            }
        }
    }

    fn value_pattern(&mut self) -> String {
        self.random
            .pick(&[
                "0", "1", "-1", "1.5", "2+3j", "-1-1j", "'a'", "b'a'", "None", "True", "False", "a.b",
                "a.b.c", "''", "'a' 'b'", "(1)", "256", "[]", "()", "int()",
            ])
            .to_owned()
    }

    fn sequence_pattern(&mut self, depth: usize, captured: &mut Vec<&'static str>) -> String {
        let count = self.random.below(4);
        let star = self.random.below(6);
        let mut parts: Vec<String> = (0..count).map(|_| self.pattern(depth - 1, captured)).collect();
        if star <= count {
            let name = self.capture(captured).unwrap_or("_");
            parts.insert(star, format!("*{name}"));
        }
        if self.random.percent(50) {
            return format!("[{}]", parts.join(", "));
        }
        if parts.len() == 1 {
            parts.push(String::new());
        }
        format!("({})", parts.join(", "))
    }

    fn mapping_pattern(&mut self, depth: usize, captured: &mut Vec<&'static str>) -> String {
        let keys = ["'a'", "1", "-1", "None", "x.y", "b'k'", "1.5", "'b'"];
        let first = self.random.below(keys.len());
        let mut parts: Vec<String> = keys[first..]
            .iter()
            .take(self.random.below(4))
            .map(|key| format!("{key}: {}", self.pattern(depth - 1, captured)))
            .collect();
        if self.random.percent(30)
            && let Some(name) = self.capture(captured)
        {
            parts.push(format!("**{name}"));
        }
        format!("{{{}}}", parts.join(", "))
    }

    fn class_pattern(&mut self, depth: usize, captured: &mut Vec<&'static str>) -> String {
        let class = self.random.pick(&["C", "int", "a.C", "str", "x.y.Z"]);
        let mut parts: Vec<String> =
            (0..self.random.below(3)).map(|_| self.pattern(depth - 1, captured)).collect();
        for key in &["k", "l"][..self.random.below(3)] {
            parts.push(format!("{key}={}", self.pattern(depth - 1, captured)));
        }
        format!("{class}({})", parts.join(", "))
    }
}
