//! From Starlark's errors to ours: the BUILD file's line first, the calls below it after.

use std::path::Path;
use std::sync::Arc;

use starlark::codemap::FileSpan;
use starlark::eval::Evaluator;

use crate::error::{LoadError, LoadErrorKind};
use crate::package::Location;

/// Where a span begins.
pub(crate) fn location_of(span: &FileSpan) -> Location {
    let line = u32::try_from(span.resolve_span().begin.line).map_or(u32::MAX, |line| line.saturating_add(1));
    Location { file: Arc::from(Path::new(span.filename())), line }
}

/// Where the file that is evaluated has called, however deep the call at hand is.
pub(crate) fn outermost_location(eval: &Evaluator<'_, '_, '_>) -> Option<Location> {
    let frames = eval.call_stack().into_frames();
    frames.first().and_then(|frame| frame.location.as_ref()).map(location_of)
}

/// Where the function at hand was called.
pub(crate) fn innermost_location(eval: &Evaluator<'_, '_, '_>) -> Option<Location> {
    let frames = eval.call_stack().into_frames();
    frames.last().and_then(|frame| frame.location.as_ref()).map(location_of)
}

/// An error of ours from one of Starlark's.
pub(crate) fn load_error(error: &starlark::Error) -> LoadError {
    let text = error.without_diagnostic().to_string();
    let message = text.strip_prefix("Parse error: ").unwrap_or(&text);
    let mut trouble = LoadError::new(LoadErrorKind::Evaluation, message);
    let frames = error.call_stack().clone().into_frames();
    let span = error.span().map(location_of);
    let outermost = frames.first().and_then(|frame| frame.location.as_ref()).map(location_of);
    if let Some(location) = outermost.or_else(|| span.clone()) {
        trouble = trouble.at(location);
    }
    let mut within = None;
    let mut last = None;
    for frame in frames.iter().take(CALLS_NAMED) {
        let location = frame.location.as_ref().map(location_of);
        if let (Some(function), Some(location)) = (within, &location) {
            trouble = trouble.with_note(format!("at {location}, in {function}"));
        }
        within = Some(frame.name.as_str());
        last = location;
    }
    if frames.len() > CALLS_NAMED {
        trouble = trouble.with_note(format!("and {} more calls", frames.len() - CALLS_NAMED));
    } else if let (Some(function), Some(span)) = (within, span)
        && last.as_ref() != Some(&span)
    {
        trouble = trouble.with_note(format!("at {span}, in {function}"));
    }
    trouble
}

/// So many calls of a deep recursion are named.
const CALLS_NAMED: usize = 12;
