//! Why something could not be loaded: one message, with the place it is about and the calls that led there.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::package::Location;

/// What kind of mistake it is, for whoever has to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadErrorKind {
    /// There is no workspace where one was looked for, or its own files are wrong.
    Workspace,
    /// The text is no label.
    Label,
    /// The repository is not known, or it is known but not on this machine.
    NoRepository,
    /// The folder has no BUILD file.
    NoBuildFile,
    /// The package has no target and no file of that name.
    NoTarget,
    /// A file cannot be read: it is missing, no UTF-8, or too large.
    File,
    /// A file is no Starlark, or what it does is an error.
    Evaluation,
}

/// Why something could not be loaded.
#[derive(Clone, Debug)]
pub struct LoadError {
    kind: LoadErrorKind,
    location: Option<Location>,
    message: String,
    notes: Vec<String>,
}

impl LoadError {
    /// An error that belongs to no line of a file.
    pub fn new(kind: LoadErrorKind, message: impl Into<String>) -> LoadError {
        LoadError { kind, location: None, message: message.into(), notes: Vec::new() }
    }

    /// The same error, said of a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> LoadError {
        self.location = Some(location);
        self
    }

    /// The same error, said of a file where it is said of no place yet.
    #[must_use]
    pub(crate) fn or_in(self, file: &Arc<Path>) -> LoadError {
        match self.location {
            Some(_) => self,
            None => self.at(Location { file: file.clone(), line: 0 }),
        }
    }

    /// The same error with one more line below it.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> LoadError {
        self.notes.push(note.into());
        self
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> LoadErrorKind {
        self.kind
    }

    /// Where it is: the line of the BUILD file, even where a macro called from there is at fault.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Lines that say more: the calls that led there, a remedy.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl fmt::Display for LoadError {
    /// `pkg/BUILD:3: message`, then each note on a line of its own, indented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.message)?;
        for note in &self.notes {
            write!(f, "\n  {note}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
