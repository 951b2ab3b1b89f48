//! What CPython has to say about a source: an error or a warning, in fields and in CPython's own form.

use std::fmt;

use crate::Filename;

/// Whether the source was rejected for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The source has no code object.
    Error,
    /// It has one all the same.
    Warning,
}

/// One message about one source.
///
/// All text is fit to print: lone surrogates and bytes that are no UTF-8 have been escaped. Lines count from 1;
/// columns count characters from 1, as `SyntaxError.offset` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The class of the exception or the warning's category: `SyntaxError`, `IndentationError`, `SyntaxWarning`; and
    /// `PrepycWarning`, where an interpreter had to do what our own compiler could not.
    pub kind: String,
    /// What it says.
    pub message: String,
    /// The file it is about, as asked for in the request.
    pub filename: String,
    /// Line, where there is one: a null byte or a nesting too deep has none.
    pub line: Option<u32>,
    /// First column.
    pub column: Option<u32>,
    /// Last line (CPython 3.10 and newer).
    pub end_line: Option<u32>,
    /// One past the last column (CPython 3.10 and newer).
    pub end_column: Option<u32>,
    /// The line itself, without its end.
    pub source_line: Option<String>,
    /// The text the interpreter itself would print, without the last newline. [`Display`](fmt::Display) shows it where it is there.
    pub rendered: Option<String>,
}

impl Diagnostic {
    /// A message that names no line.
    pub(crate) fn unplaced(
        severity: Severity,
        kind: &str,
        message: String,
        filename: &Filename,
    ) -> Diagnostic {
        Diagnostic {
            severity,
            kind: kind.to_owned(),
            message,
            filename: filename.shown(),
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            source_line: None,
            rendered: None,
        }
    }

    /// The same text built from the fields alone, in the form CPython 3.10 and newer print.
    pub fn render(&self) -> String {
        match self.severity {
            Severity::Warning => self.render_warning(),
            Severity::Error => self.render_error(),
        }
    }

    /// As `warnings.formatwarning` has it.
    fn render_warning(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let mut text = format!("{}{line}: {}: {}", self.filename, self.kind, self.message);
        if let Some(source_line) = self.source_line.as_deref().map(str::trim).filter(|line| !line.is_empty())
        {
            text.push_str("\n  ");
            text.push_str(source_line);
        }
        text
    }

    /// As `traceback.format_exception_only` has it.
    fn render_error(&self) -> String {
        let mut text = format!("  File \"{}\"", self.filename);
        if let Some(line) = self.line {
            text.push_str(&format!(", line {line}"));
        }
        text.push('\n');
        if let Some(source_line) = &self.source_line {
            let stripped = source_line.trim_end_matches('\n').trim_start_matches([' ', '\n', '\x0c']);
            text.push_str(&format!("    {stripped}\n"));
            if let Some(caret) = self.caret_line(source_line, stripped) {
                text.push_str(&format!("    {caret}\n"));
            }
        }
        text.push_str(&self.kind);
        if !self.message.is_empty() {
            text.push_str(": ");
            text.push_str(&self.message);
        }
        text
    }

    /// The line of carets below `stripped`; `None` where the column lies in the indentation.
    fn caret_line(&self, source_line: &str, stripped: &str) -> Option<String> {
        let column = self.column? as usize;
        let width = source_line.trim_end_matches('\n').chars().count();
        let indent = width - stripped.chars().count();
        let end = match (self.end_line, self.end_column) {
            (end_line, end) if end_line == self.line => end.map_or(column, |end| end as usize),
            _ => width + 1,
        };
        let (start, end) = (column.min(width + 1), end.min(width + 1));
        let end = if start >= end { start + 1 } else { end };
        let start_in_text = (start - 1).checked_sub(indent)?;
        // A tab or another wide blank before the caret is kept, so that the caret stands below its character.
        let mut caret: String =
            stripped.chars().take(start_in_text).map(|c| if c.is_whitespace() { c } else { ' ' }).collect();
        caret.extend(std::iter::repeat_n(' ', start_in_text.saturating_sub(stripped.chars().count())));
        caret.extend(std::iter::repeat_n('^', end - start));
        Some(caret)
    }
}

impl fmt::Display for Diagnostic {
    /// CPython's form, several lines, without a newline at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rendered {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.render()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(source_line: &str, columns: (Option<u32>, Option<u32>)) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            kind: "SyntaxError".into(),
            message: "invalid syntax".into(),
            filename: "m.py".into(),
            line: Some(3),
            column: columns.0,
            end_line: Some(3),
            end_column: columns.1,
            source_line: Some(source_line.into()),
            rendered: None,
        }
    }

    fn check(diagnostic: &Diagnostic, expected: &str) {
        assert_eq!(diagnostic.to_string(), expected);
    }

    #[test]
    fn carets_stand_below_what_they_mean() {
        let head = "  File \"m.py\", line 3\n";
        let tail = "SyntaxError: invalid syntax";
        for (line, columns, shown) in [
            ("    x = = 1", (Some(9), Some(10)), "    x = = 1\n        ^\n"),
            ("x = yes no", (Some(5), Some(11)), "    x = yes no\n        ^^^^^^\n"),
            ("x = 1 +", (Some(8), Some(8)), "    x = 1 +\n           ^\n"),
            ("x = 1 +", (Some(99), Some(99)), "    x = 1 +\n           ^\n"),
            ("\tx y", (Some(4), Some(5)), "    \tx y\n    \t  ^\n"),
            ("    x", (Some(2), Some(3)), "    x\n"),
            ("x", (None, None), "    x\n"),
            ("", (Some(1), Some(1)), "    \n    ^\n"),
        ] {
            check(&diagnostic(line, columns), &format!("{head}{shown}{tail}"));
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let unplaced = Diagnostic {
            line: None,
            source_line: None,
            kind: "ValueError".into(),
            ..diagnostic("", (None, None))
        };
        check(&unplaced, "  File \"m.py\"\nValueError: invalid syntax");
        let silent = Diagnostic { message: String::new(), ..unplaced };
        check(&silent, "  File \"m.py\"\nValueError");
    }

    #[test]
    fn the_interpreters_own_text_is_shown_if_there_is_one() {
        let rendered = Diagnostic { rendered: Some("its own".into()), ..diagnostic("x", (None, None)) };
        check(&rendered, "its own");
    }

    #[test]
    fn warnings_have_their_line_below() {
        let warning = Diagnostic {
            severity: Severity::Warning,
            kind: "SyntaxWarning".into(),
            message: "odd".into(),
            ..diagnostic("  x is 1 ", (None, None))
        };
        check(&warning, "m.py:3: SyntaxWarning: odd\n  x is 1");
        check(&Diagnostic { source_line: None, ..warning }, "m.py:3: SyntaxWarning: odd");
    }
}
