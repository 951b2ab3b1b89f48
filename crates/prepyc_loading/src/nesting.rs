//! How deep a Starlark source goes, found without recursion before anything recursive reads it.
//!
//! The parser, the compiler and the destructor of a syntax tree call themselves once for each level, so that a file of a
//! hundred thousand `(` or `-` would overflow the stack. This counts, too much rather than too little, how deep the tree
//! could be: brackets and blocks that lie in each other, and operators that follow each other.

use crate::limits::{NESTING, NUMBER_DIGITS};

/// What a source has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Levels, more than [`NESTING`].
    Nesting,
    /// Digits of one number, more than [`NUMBER_DIGITS`].
    Digits,
}

/// The line (from 1) where a source has too much of something, if it has.
pub(crate) fn find_excess(source: &str) -> Option<(Excess, u32)> {
    let mut scan = Scan { line: 1, open: vec![0], indents: vec![0], elifs: 0, digits: 0 };
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if scan.is_at_line_start(bytes, at) {
            at = scan.read_indent(bytes, at);
            if at >= bytes.len() {
                break;
            }
        }
        at = scan.read_token(bytes, at);
        if scan.depth() > NESTING {
            return Some((Excess::Nesting, scan.line));
        }
        if scan.digits > NUMBER_DIGITS {
            return Some((Excess::Digits, scan.line));
        }
    }
    None
}

struct Scan {
    line: u32,
    /// For each open bracket, and the statement around them, how many operators there were since the last comma.
    open: Vec<u32>,
    /// The indentations of the open blocks.
    indents: Vec<usize>,
    /// `elif`s and lambdas since the last statement at the margin: each lies in the one before, whatever separates them.
    elifs: u32,
    /// How long the longest number is.
    digits: usize,
}

impl Scan {
    fn depth(&self) -> u32 {
        let operators = self.open.iter().fold(0u32, |sum, &count| sum.saturating_add(count));
        let levels = u32::try_from(self.indents.len()).unwrap_or(u32::MAX);
        operators.saturating_add(levels).saturating_add(self.elifs)
    }

    fn is_at_line_start(&self, bytes: &[u8], at: usize) -> bool {
        self.open.len() == 1 && (at == 0 || bytes[at - 1] == b'\n')
    }

    /// Passes over a logical line's indentation, and notes the block it belongs to.
    fn read_indent(&mut self, bytes: &[u8], start: usize) -> usize {
        let mut at = start;
        while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r')) {
            at += 1;
        }
        if matches!(bytes.get(at), None | Some(b'\n' | b'#')) {
            return at;
        }
        let width = at - start;
        while self.indents.last().is_some_and(|&indent| indent > width) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|&indent| indent < width) {
            self.indents.push(width);
        }
        let goes_on = bytes[at..].starts_with(b"elif") || bytes[at..].starts_with(b"else");
        if width == 0 && !goes_on {
            self.elifs = 0;
        }
        at
    }

    /// Passes over one token and counts it.
    fn read_token(&mut self, bytes: &[u8], at: usize) -> usize {
        match bytes[at] {
            b'\n' => {
                self.line = self.line.saturating_add(1);
                if self.open.len() == 1 {
                    self.open[0] = 0;
                }
                at + 1
            }
            b' ' | b'\t' | b'\r' | b'\\' => at + 1,
            b'#' => skip_while(bytes, at, |byte| byte != b'\n'),
            b'"' | b'\'' => self.skip_string(bytes, at),
            b'(' | b'[' | b'{' => {
                self.count_operator();
                self.open.push(0);
                at + 1
            }
            b')' | b']' | b'}' => {
                if self.open.len() > 1 {
                    self.open.pop();
                }
                at + 1
            }
            b',' | b';' => {
                if let Some(count) = self.open.last_mut() {
                    *count = 0;
                }
                at + 1
            }
            byte if is_word(byte) => self.read_word(bytes, at),
            _ => {
                self.count_operator();
                at + 1
            }
        }
    }

    fn count_operator(&mut self) {
        if let Some(count) = self.open.last_mut() {
            *count = count.saturating_add(1);
        }
    }

    fn read_word(&mut self, bytes: &[u8], at: usize) -> usize {
        let end = skip_while(bytes, at, is_word);
        if bytes[at].is_ascii_digit() {
            self.digits = self.digits.max(end - at);
        }
        match &bytes[at..end] {
            b"elif" | b"lambda" => self.elifs = self.elifs.saturating_add(1),
            b"if" | b"else" | b"for" | b"in" | b"not" | b"and" | b"or" => self.count_operator(),
            _ => {}
        }
        end
    }

    /// Passes over a string. One that is not closed ends with its line, or with the file.
    fn skip_string(&mut self, bytes: &[u8], start: usize) -> usize {
        let quote = bytes[start];
        let triple = bytes[start..].starts_with(&[quote; 3]);
        let mut at = start + if triple { 3 } else { 1 };
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => {
                    if bytes.get(at + 1) == Some(&b'\n') {
                        self.line = self.line.saturating_add(1);
                    }
                    at += 2;
                    continue;
                }
                b'\n' if !triple => return at,
                b'\n' => self.line = self.line.saturating_add(1),
                _ if byte == quote && !triple => return at + 1,
                _ if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
                _ => {}
            }
            at += 1;
        }
        bytes.len()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn skip_while(bytes: &[u8], start: usize, goes_on: impl Fn(u8) -> bool) -> usize {
    start + bytes[start..].iter().take_while(|&&byte| goes_on(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::{Excess, find_excess};

    #[test]
    fn what_people_write_is_not_deep() {
        let long = format!("x = [\n{}]\n", "    \"a(((b\" + name, # ((((\n".repeat(10_000));
        assert_eq!(find_excess(&long), None);
        assert_eq!(find_excess(&"py_library(name = \"a\")\n".repeat(10_000)), None);
        assert_eq!(find_excess(&"def f():\n    if x:\n        y()\n".repeat(10_000)), None);
        assert_eq!(find_excess(&format!("x = \"\"\"{}\"\"\"\n", "(((\n".repeat(10_000))), None);
    }

    #[test]
    fn all_ways_to_go_deep_are_seen() {
        let deep = [
            "(".repeat(5_000),
            format!("x = {}1", "-".repeat(5_000)),
            format!("x = {}1", "not ".repeat(5_000)),
            format!("x = 1{}", " + 1".repeat(5_000)),
            format!("x = f{}", "(1)".repeat(5_000)),
            format!("x = f{}", ".a".repeat(5_000)),
            format!("x = {}1", "lambda a, b: ".repeat(5_000)),
            format!("x = [{}]", "1 if a else ".repeat(5_000)),
            format!("x = {}", "[1, ".repeat(5_000)),
            format!("def f():\n if x:\n  pass\n{}", " elif x:\n  pass\n".repeat(5_000)),
            (0..5_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect(),
            format!("x = [y {}]", "for a in b ".repeat(5_000)),
        ];
        for source in deep {
            assert!(find_excess(&source).is_some(), "{}", &source[..40]);
        }
    }

    #[test]
    fn numbers_have_an_end() {
        assert_eq!(find_excess(&format!("x = {}", "9".repeat(5_000))), Some((Excess::Digits, 1)));
        assert_eq!(find_excess(&format!("x = a{}", "9".repeat(5_000))), None);
    }

    #[test]
    fn the_line_is_the_one_that_is_too_deep() {
        assert_eq!(
            find_excess(&format!("a = 1\nb = '''\n'''\nc = {}", "(".repeat(5_000))),
            Some((Excess::Nesting, 4))
        );
    }
}
