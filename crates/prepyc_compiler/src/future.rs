//! `from __future__ import …`: what a module asks for, and whether it may (CPython: `Python/future.c`).

use prepyc_bytecode::{PyStr, Strings};
use prepyc_syntax::ast::{ImportFrom, Location, Module, Stmt, StmtKind};

use crate::docstring::docstring;
use crate::error::SourceError;

/// What a module's future statements change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FutureFeatures {
    /// PEP 563: annotations are kept as strings.
    pub annotations: bool,
    /// PEP 401: `<>` instead of `!=`.
    pub barry_as_flufl: bool,
    /// The last line of the last future statement, from 1; 0 if there is none. A later one is an error.
    pub last_line: u32,
}

pub(crate) const LATE_IMPORT: &str = "from __future__ imports must occur at the beginning of the file";

/// Features that every supported version has without being asked.
const MANDATORY: [&str; 8] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "generator_stop",
];

/// Reads the future statements at the head of a module: after its docstring, before anything else.
///
/// # Errors
/// A feature that there is not.
pub fn future_features(module: &Module<'_>, strings: &Strings) -> Result<FutureFeatures, Box<SourceError>> {
    let mut features = FutureFeatures::default();
    let head = usize::from(docstring(module.body).is_some());
    let mut statements = module.body[head..].iter().peekable();
    while let Some((statement, import)) =
        statements.peek().and_then(|statement| Some((*statement, future_import(statement, strings)?)))
    {
        statements.next();
        for alias in import.names {
            read_feature(&mut features, strings.get(alias.name), alias.location)?;
        }
        features.last_line = statement.location.lineno;
    }
    // One that comes later is recognized by its line, so those on the same line are looked for here.
    let late = statements
        .take_while(|statement| statement.location.lineno == features.last_line)
        .find(|statement| future_import(statement, strings).is_some());
    match late {
        Some(statement) => Err(SourceError::new(LATE_IMPORT, statement.location)),
        None => Ok(features),
    }
}

fn future_import<'s>(statement: &'s Stmt<'_>, strings: &Strings) -> Option<&'s ImportFrom<'s>> {
    let StmtKind::ImportFrom(import) = statement.kind else { return None };
    let is_future =
        import.level == 0 && import.module.is_some_and(|name| strings.get(name) == "__future__".into());
    is_future.then_some(import)
}

fn read_feature(
    features: &mut FutureFeatures,
    name: PyStr<'_>,
    location: Location,
) -> Result<(), Box<SourceError>> {
    match name.as_bytes() {
        b"annotations" => features.annotations = true,
        b"barry_as_FLUFL" => features.barry_as_flufl = true,
        b"braces" => return Err(SourceError::new("not a chance", location)),
        other if MANDATORY.iter().any(|mandatory| mandatory.as_bytes() == other) => {}
        _ => return Err(SourceError::new(format!("future feature {name} is not defined"), location)),
    }
    Ok(())
}
