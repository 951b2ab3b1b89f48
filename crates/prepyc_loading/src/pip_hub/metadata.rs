//! What a distribution requires, as the header of its METADATA says (`Requires-Dist`,
//! <https://packaging.python.org/en/latest/specifications/core-metadata>).

use std::str::FromStr as _;
use std::sync::Arc;

use pep508_rs::{ExtraName, Requirement, VerbatimUrl};

use super::read_file;
use super::site_packages::DistInfo;
use crate::error::{LoadError, LoadErrorKind};
use crate::package::Location;

/// One `Requires-Dist`.
#[derive(Debug)]
pub(super) struct Required {
    /// What it says.
    pub(super) requirement: Requirement<VerbatimUrl>,
    /// As it is written.
    pub(super) text: String,
    /// Where.
    pub(super) location: Location,
}

/// What a distribution requires and offers.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// `Requires-Dist`, in order.
    pub(super) required: Vec<Required>,
    /// `Provides-Extra`, in order.
    pub(super) extras: Vec<ExtraName>,
}

impl Metadata {
    /// Reads a distribution's METADATA.
    ///
    /// # Errors
    /// There is none, or a requirement is no PEP 508 text.
    pub(super) fn read(info: &DistInfo) -> Result<Metadata, LoadError> {
        let path = info.path.join("METADATA");
        let bytes = read_file(&path)?;
        let file = Arc::from(path);
        let mut metadata = Metadata::default();
        for Field { name, value, line } in fields(&String::from_utf8_lossy(&bytes)) {
            if name.eq_ignore_ascii_case("Requires-Dist") {
                let location = Location { file: Arc::clone(&file), line };
                let requirement = Requirement::from_str(&value).map_err(|error| {
                    let problem = error.to_string();
                    let problem = problem.lines().next().unwrap_or_default();
                    let message = format!("Requires-Dist: {value:?} is no requirement: {problem}");
                    LoadError::new(LoadErrorKind::File, message).at(location.clone())
                })?;
                metadata.required.push(Required { requirement, text: value, location });
            } else if name.eq_ignore_ascii_case("Provides-Extra") {
                metadata.extras.extend(ExtraName::from_str(&value));
            }
        }
        Ok(metadata)
    }
}

/// A line of the header, with the lines that continue it.
struct Field {
    name: String,
    value: String,
    line: u32,
}

/// The header: up to the first empty line, as in an e-mail.
fn fields(text: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.is_empty() {
            break;
        }
        if text.starts_with([' ', '\t']) {
            if let Some(field) = fields.last_mut() {
                field.value.push(' ');
                field.value.push_str(text.trim());
            }
        } else if let Some((name, value)) = text.split_once(':') {
            fields.push(Field { name: name.trim().to_owned(), value: value.trim().to_owned(), line });
        }
    }
    fields
}
