//! What the compiler says of a source, as the diagnostics that an interpreter would have led to.

use prepyc_syntax::{ErrorPlace, SyntaxError, Warning, WarningKind, source_line};

use crate::{CompileFailure, CompileRequest, Diagnostic, Severity};

/// The file that Python's warning filters take for the program itself: of no other are `DeprecationWarning`s shown.
///
/// CPython: `normalize_module` (`Python/_warnings.c`) and the default filters, 3.8 to 3.15.
const MAIN_MODULE: &[u8] = b"__main__.py";

/// Diagnostics about one source.
pub(super) struct Words<'a> {
    request: &'a CompileRequest,
}

impl<'a> Words<'a> {
    pub(super) fn new(request: &'a CompileRequest) -> Words<'a> {
        Words { request }
    }

    /// The rejection of a source, with what was warned of before.
    pub(super) fn rejected(&self, error: &SyntaxError, warnings: &[Warning]) -> CompileFailure {
        let diagnostic = match error.place {
            Some(place) => self.placed(error, place),
            None => self.unplaced(error.kind.name(), &error.message),
        };
        CompileFailure::Rejected {
            diagnostic: Box::new(diagnostic),
            warnings: self.warnings(warnings),
        }
    }

    /// What `compile()` says to a file name with a null byte in it.
    pub(super) fn null_in_filename(&self) -> CompileFailure {
        let diagnostic = self.unplaced("ValueError", "embedded null byte");
        CompileFailure::Rejected { diagnostic: Box::new(diagnostic), warnings: Vec::new() }
    }

    /// The warnings that the default filters let through, each once.
    pub(super) fn warnings(&self, warnings: &[Warning]) -> Vec<Diagnostic> {
        let mut shown: Vec<Diagnostic> = Vec::new();
        for warning in warnings {
            let kind = match warning.kind {
                WarningKind::Syntax => "SyntaxWarning",
                WarningKind::Deprecation if self.request.filename.as_bytes() == MAIN_MODULE => {
                    "DeprecationWarning"
                }
                WarningKind::Deprecation => continue,
            };
            let diagnostic = Diagnostic {
                severity: Severity::Warning,
                line: Some(warning.lineno),
                source_line: source_line(&self.request.source, warning.lineno),
                ..self.unplaced(kind, &warning.message)
            };
            if !shown.contains(&diagnostic) {
                shown.push(diagnostic);
            }
        }
        shown
    }

    fn unplaced(&self, kind: &str, message: &str) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            kind: kind.to_owned(),
            message: message.to_owned(),
            filename: self.request.filename.shown(),
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            source_line: None,
            rendered: None,
        }
    }

    fn placed(&self, error: &SyntaxError, place: ErrorPlace) -> Diagnostic {
        let known = |number: i32| u32::try_from(number).ok().filter(|&number| number > 0);
        let mut diagnostic = Diagnostic {
            line: Some(place.lineno).filter(|&line| line > 0),
            column: known(place.offset),
            end_line: known(place.end_lineno),
            end_column: known(place.end_offset),
            source_line: source_line(&self.request.source, place.lineno),
            ..self.unplaced(error.kind.name(), &error.message)
        };
        if place.lineno == 0 {
            // The fields say that there is no line; CPython's text says line 0.
            let Diagnostic { kind, message, filename, .. } = &diagnostic;
            diagnostic.rendered = Some(format!("  File \"{filename}\", line 0\n{kind}: {message}"));
        }
        diagnostic
    }

    pub(super) fn source_line(&self, line: u32) -> Option<String> {
        source_line(&self.request.source, line)
    }
}
