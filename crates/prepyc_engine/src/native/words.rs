//! What the compiler says of a source, as the diagnostics that an interpreter would have led to.

use prepyc_compiler::{ErrorPlace, Rejection, Warning, WarningKind};
use prepyc_syntax::source_line;

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

    /// The rejection of a source.
    pub(super) fn rejected(&self, rejection: Rejection) -> CompileFailure {
        let unplaced = self.unplaced(Severity::Error, rejection.kind.name(), rejection.message);
        let diagnostic = match rejection.place {
            Some(place) => placed(unplaced, place, rejection.source_line),
            None => unplaced,
        };
        CompileFailure::Rejected {
            diagnostic: Box::new(diagnostic),
            warnings: self.warnings(&rejection.warnings),
        }
    }

    /// What `compile()` says to a file name with a null byte in it.
    pub(super) fn null_in_filename(&self) -> CompileFailure {
        let diagnostic = self.unplaced(Severity::Error, "ValueError", "embedded null character".to_owned());
        CompileFailure::Rejected { diagnostic: Box::new(diagnostic), warnings: Vec::new() }
    }

    /// The warnings that the default filters let through.
    pub(super) fn warnings(&self, warnings: &[Warning]) -> Vec<Diagnostic> {
        let is_main = self.request.filename.as_bytes() == MAIN_MODULE;
        let is_shown = |warning: &&Warning| match warning.kind {
            WarningKind::Syntax => true,
            WarningKind::Deprecation => is_main,
        };
        let to_diagnostic = |warning: &Warning| Diagnostic {
            line: Some(warning.lineno),
            source_line: source_line(&self.request.source, warning.lineno),
            ..self.unplaced(Severity::Warning, warning.kind.name(), warning.message.clone())
        };
        warnings.iter().filter(is_shown).map(to_diagnostic).collect()
    }

    fn unplaced(&self, severity: Severity, kind: &str, message: String) -> Diagnostic {
        Diagnostic::unplaced(severity, kind, message, &self.request.filename)
    }
}

fn placed(unplaced: Diagnostic, place: ErrorPlace, source_line: Option<String>) -> Diagnostic {
    // CPython says 0 or -1 where it knows none.
    let known = |number: i32| u32::try_from(number).ok().filter(|&number| number > 0);
    let mut diagnostic = Diagnostic {
        line: Some(place.lineno).filter(|&line| line > 0),
        column: known(place.offset),
        end_line: known(place.end_lineno),
        end_column: known(place.end_offset),
        source_line,
        ..unplaced
    };
    if place.lineno == 0 {
        // The fields say that there is no line, CPython's text says line 0.
        let Diagnostic { kind, message, filename, .. } = &diagnostic;
        diagnostic.rendered = Some(format!("  File \"{filename}\", line 0\n{kind}: {message}"));
    }
    diagnostic
}
